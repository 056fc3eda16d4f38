//! Every route on one page. Where a path holds `/~verb` the outer form is `:verb` ([`crate::edge::colon`]).

use crate::{
    edge::{Edge, NameRoute},
    error::{ApiError, ApiResult},
    extract::{authenticated, session_of},
    openapi, operations,
    state::ApiState,
    v1::{
        admin, api_keys, auth, calls, channels, chats, contacts, events, groups, imports, media,
        messages, organizations, outbox, presence, realtime, sessions, webhooks,
    },
};
use axum::{
    Router,
    extract::{OriginalUri, Request, State},
    routing::get,
};
use utoipa_axum::{router::OpenApiRouter, routes};

fn v1() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        // Sessions
        .routes(routes!(
            sessions::list::list_sessions,
            sessions::create::create_session
        ))
        .routes(routes!(
            sessions::get::get_session,
            sessions::update::update_session,
            sessions::delete::delete_session
        ))
        .routes(routes!(sessions::me::session_me))
        .routes(routes!(sessions::qr::session_qr))
        .routes(routes!(sessions::pairing_code::session_pairing_code))
        .routes(routes!(
            sessions::passkey::get::get_passkey,
            sessions::passkey::assert::assert_passkey,
            sessions::passkey::cancel::cancel_passkey
        ))
        .routes(routes!(sessions::passkey::confirm::confirm_passkey))
        .routes(routes!(sessions::start::start_session))
        .routes(routes!(sessions::stop::stop_session))
        .routes(routes!(sessions::restart::restart_session))
        .routes(routes!(sessions::logout::logout_session))
        // Contacts
        .routes(routes!(contacts::list::list_contacts))
        .routes(routes!(
            contacts::check::check_contact,
            contacts::check_many::check_contacts
        ))
        .routes(routes!(
            contacts::get::get_contact,
            contacts::erase::erase_contact
        ))
        .routes(routes!(contacts::blocked::list_blocked))
        .routes(routes!(presence::subscribe::subscribe_presence))
        .routes(routes!(contacts::picture::get_contact_picture))
        .routes(routes!(contacts::about::get_contact_about))
        .routes(routes!(contacts::block::block_contact))
        .routes(routes!(contacts::unblock::unblock_contact))
        // Chats
        .routes(routes!(chats::list::list_chats))
        .routes(routes!(
            chats::get::get_chat,
            chats::update::update_chat,
            chats::delete::delete_chat
        ))
        .routes(routes!(chats::messages::list_chat_messages))
        .routes(routes!(chats::read::read_chat))
        .routes(routes!(chats::receipts::send_receipts))
        .routes(routes!(chats::presence::set_chat_presence))
        // Presence and calls
        .routes(routes!(presence::own::set_presence))
        .routes(routes!(calls::reject::reject_call))
        // Messages
        .routes(routes!(
            messages::search::search_messages,
            messages::send::send_message
        ))
        .routes(routes!(
            messages::get::get_message,
            messages::edit::edit_message,
            messages::revoke::revoke_message
        ))
        .routes(routes!(messages::forward::forward_message))
        .routes(routes!(
            messages::react::react_message,
            messages::remove_reaction::remove_reaction
        ))
        .routes(routes!(messages::vote::vote_message))
        .routes(routes!(outbox::list::list_outbox))
        .routes(routes!(
            outbox::get::get_outbox,
            outbox::cancel::cancel_outbox
        ))
        .routes(routes!(messages::download::download_media))
        .routes(routes!(media::upload::upload_media))
        // Log-in
        .routes(routes!(auth::login::log_in))
        .routes(routes!(auth::refresh::refresh_login))
        .routes(routes!(auth::logout::log_out))
        .routes(routes!(auth::accept::accept_invitation))
        .routes(routes!(auth::me::who_am_i))
        .routes(routes!(auth::password::change_password))
        // Organizations and their people
        .routes(routes!(
            organizations::list::list_organizations,
            organizations::create::create_organization
        ))
        .routes(routes!(
            organizations::get::get_organization,
            organizations::update::update_organization,
            organizations::delete::delete_organization
        ))
        .routes(routes!(
            organizations::members::list_members,
            organizations::invite::invite_member
        ))
        .routes(routes!(
            organizations::update_member::update_member,
            organizations::remove_member::remove_member
        ))
        .routes(routes!(organizations::export::export_organization))
        .routes(routes!(organizations::invitations::list_invitations))
        .routes(routes!(organizations::withdraw::withdraw_invitation))
        // The platform
        .routes(routes!(admin::sessions::list_all_sessions))
        .routes(routes!(admin::backfill::start_backfill))
        .routes(routes!(admin::backfill::get_backfill))
        .routes(routes!(admin::gateways::list_gateways))
        .routes(routes!(admin::gateways::drain_gateway))
        .routes(routes!(admin::audit::list_audit))
        .routes(routes!(
            admin::claims::list_claims,
            admin::claims::bind_claim,
            admin::claims::unbind_claim
        ))
        // Keys
        .routes(routes!(
            api_keys::list::list_api_keys,
            api_keys::create::create_api_key
        ))
        .routes(routes!(api_keys::revoke::revoke_api_key))
        // Events
        .routes(routes!(events::list::list_events))
        .routes(routes!(realtime::ticket::create_realtime_ticket))
        .routes(routes!(realtime::connect::connect_realtime))
        // Channels
        .routes(routes!(
            channels::list::list_channels,
            channels::create::create_channel
        ))
        .routes(routes!(channels::messages::list_channel_messages))
        .routes(routes!(channels::follow::follow_channel))
        .routes(routes!(channels::unfollow::unfollow_channel))
        .routes(routes!(channels::mute::mute_channel))
        // Imports
        .routes(routes!(imports::begin::begin_import))
        .routes(routes!(imports::get::get_import))
        .routes(routes!(imports::resume::resume_import))
        // Webhooks
        .routes(routes!(
            webhooks::list::list_webhooks,
            webhooks::create::create_webhook
        ))
        .routes(routes!(
            webhooks::get::get_webhook,
            webhooks::update::update_webhook,
            webhooks::delete::delete_webhook
        ))
        .routes(routes!(webhooks::rotate::rotate_webhook))
        .routes(routes!(webhooks::test::test_webhook))
        .routes(routes!(webhooks::replay::replay_webhook))
        .routes(routes!(webhooks::deliveries::list_deliveries))
        .routes(routes!(webhooks::retry::retry_delivery))
        // Groups
        .routes(routes!(
            groups::list::list_groups,
            groups::create::create_group
        ))
        .routes(routes!(
            groups::get::get_group,
            groups::update::update_group
        ))
        .routes(routes!(
            groups::invite::get_group_invite,
            groups::invite::revoke_group_invite
        ))
        .routes(routes!(
            groups::members::list_group_members,
            groups::add::add_group_members
        ))
        .routes(routes!(groups::member::remove_group_member))
        .routes(routes!(groups::member::promote_group_member))
        .routes(routes!(groups::member::demote_group_member))
        .routes(routes!(groups::requests::list_join_requests))
        .routes(routes!(groups::requests::approve_group_members))
        .routes(routes!(groups::requests::reject_group_members))
        .routes(routes!(groups::leave::leave_group))
        .routes(routes!(groups::join::join_group))
        .routes(routes!(
            groups::picture::set_group_picture,
            groups::picture::remove_group_picture
        ))
}

fn all() -> OpenApiRouter<ApiState> {
    OpenApiRouter::new()
        .nest("/api/v1", v1())
        .routes(routes!(auth::jwks::own_jwks))
        .routes(routes!(operations::livez))
        .routes(routes!(operations::readyz))
        .routes(routes!(operations::metrics))
        .route("/api/v1/openapi.json", get(openapi::document))
        .route("/docs", get(openapi::page))
        .route("/join", get(openapi::join))
}

/// The API.
pub fn router(state: ApiState) -> Router {
    router_with(state, Router::new())
}

/// The API and further routes behind the same doors: a benchmark's reference, the dashboard.
pub fn router_with(state: ApiState, more: Router<ApiState>) -> Router {
    let (routes, _) = all().split_for_parts();
    let inner = routes
        .merge(more)
        .fallback(no_route)
        .method_not_allowed_fallback(wrong_method)
        .layer(NameRoute)
        .with_state(state);
    Router::new().fallback_service(Edge::new(inner))
}

/// The OpenAPI document, as the routes make it.
pub fn describe() -> serde_json::Value {
    openapi::finish(&all().into_openapi())
}

async fn no_route() -> ApiError {
    ApiError::not_found("route")
}

/// 405, but who may not come in or names no session of theirs learns that first.
async fn wrong_method(
    State(state): State<ApiState>,
    OriginalUri(uri): OriginalUri,
    request: Request,
) -> ApiResult<(), ApiError> {
    if uri.path().starts_with("/api/v1/") {
        let (mut parts, _) = request.into_parts();
        let principal = authenticated(&mut parts, &state).await?;
        session_of(&mut parts, &state, &principal).await?;
    }
    Err(ApiError::method_not_allowed())
}
