//! What the port promises, said against `&dyn Store`: every store runs these cases, each on a store of its own.

pub mod accounts;
pub mod audit;
pub mod channels;
pub mod chats;
pub mod device;
pub mod erasing;
pub mod events;
pub mod groups;
pub mod jobs;
pub mod messages;
pub mod organizations;
pub mod outbox;
pub mod people;
pub mod search;
pub mod sessions;
pub mod webhooks;

use std::sync::atomic::{AtomicU64, Ordering};
use ulid::Ulid;
use wharf_domain::{
    people::Names,
    ports::store::*,
    sessions::{SessionNo, SessionRow, SessionScope},
};
use wharf_types::{Lid, OrgId, Phone, SessionId};

/// Every case by noun, handed to a macro that makes a test of each.
macro_rules! every_case {
    ($make:ident) => {
        $make! {
            jobs: a_failed_job_leaves_nothing a_job_reads_what_it_wrote a_swallowed_failure_still_undoes_the_job
                a_panic_undoes_the_job a_query_sees_one_snapshot health_answers;
            accounts: people_are_found_by_address belonging_in_both_directions logins_end_and_are_trimmed
                invitations_are_found_by_hash_and_used_once a_deleted_organization_is_unknown_and_cleared_in_steps;
            audit: newest_first_by_filter trimmed_by_age_in_steps;
            organizations: bound_by_issuer_and_claim keys_are_found_by_hash_and_revoked_once keys_in_force_by_id settings_are_replaced
                of_no_organization_is_not_found;
            sessions: round_trip foreign_is_unknown in_order_of_number numbers_are_not_reused
                ids_are_never_given_twice gone_with_everything_under_it
                deleted_at_once_and_erased_in_steps what_is_gone_cannot_be_written;
            people: round_trip item_blocks ids_are_unique merged_ids_lead_to_the_kept_row by_name postings
                repointing_takes_everything_along;
            chats: round_trip in_order_and_after_a_place filters gone_with_its_messages settings_wait_by_chat_and_kind;
            messages: round_trip newest_first unique_in_chat_and_sender moving_drops_doubles known_once_something_got_through by_id_in_every_chat deeds_wait_for_their_message files_nobody_names
                receipts_are_counted_by_level;
            channels: round_trip posts_by_number;
            groups: round_trip present_members_by_row one_membership_a_person;
            outbox: round_trip queued_in_order_of_acceptance what_is_scheduled_holds_up_nothing newest_first_list listed_by_status what_ran_out_of_time times_for_the_rate files_of_queued_sends the_newest_reaction_under_way
                remembered_answers;
            erasing: messages_by_age_and_one_by_one payloads_by_number waiting_deeds_by_what_they_hold device_state_by_whom_its_keys_name the_running_job_or_the_last;
            events: in_the_writers_order_without_gaps of_one_organization_only a_rollback_leaves_no_gap
                of_types_and_sessions trimmed_from_the_beginning a_commit_wakes_who_waits;
            search: segments_by_newest_message postings_by_segment_and_term purges_are_remembered messages_by_row;
            webhooks: round_trip what_is_owed attempts_newest_first an_event_of_no_session answers_about_an_erased_event_are_forgotten;
            device: key_value scans_by_prefix cleared_by_space;
        }
    };
}
pub(crate) use every_case;

/// Ids in order, as the domain's source gives them.
pub fn ulid() -> Ulid {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    Ulid::from_parts(
        1_700_000_000_000,
        u128::from(NEXT.fetch_add(1, Ordering::Relaxed)),
    )
}

pub async fn org(store: &dyn Store) -> OrgId {
    let id = OrgId::new(ulid());
    let row = OrgRow {
        id,
        name: "Acme".to_owned(),
        created_at: 1,
    };
    store.write(move |tx| tx.insert_org(&row)).await.unwrap();
    id
}

/// A session as it is when just made.
pub fn new_session(org: OrgId) -> SessionRow {
    let scope = SessionScope {
        org,
        id: SessionId::new(ulid()),
        no: SessionNo(0),
    };
    SessionRow {
        label: "front desk".to_owned(),
        ..SessionRow::new(scope, 10)
    }
}

pub async fn insert_session(store: &dyn Store, mut row: SessionRow) -> SessionRow {
    let scope = row.scope;
    let inserted = row.clone();
    let no = store
        .write(move |tx| tx.insert_session(&inserted))
        .await
        .unwrap();
    row.scope = SessionScope { no, ..scope };
    row
}

/// A session of an organization of its own.
pub async fn session(store: &dyn Store) -> SessionScope {
    let org = org(store).await;
    insert_session(store, new_session(org)).await.scope
}

pub fn lid(text: &str) -> Option<Lid> {
    Some(Lid::from_digits(text).unwrap())
}

pub fn phone(text: &str) -> Option<Phone> {
    Some(text.parse().unwrap())
}

pub fn person(id: i64, lid: Option<Lid>, phone: Option<Phone>) -> PersonRow {
    PersonRow {
        id,
        lid,
        phone,
        names: Names {
            address_book: "Zoë".to_owned(),
            business: String::new(),
            push: "zoe 🦊".to_owned(),
        },
        flags: 5,
        first_seen_at: 100 + id,
        updated_at: 200 + id,
    }
}

pub fn dm(id: i64, person: i64) -> ChatRow {
    ChatRow {
        id,
        peer: ChatPeer::Person(person),
        kind: "dm",
        name: String::new(),
        archived: false,
        pinned: false,
        muted_until: None,
        unread: 0,
        last_at: None,
    }
}

pub fn message(id: i64, chat_id: i64, sender_id: i64, wa_id: &str) -> MessageRow {
    MessageRow {
        id,
        chat_id,
        sender_id,
        wa_id: wa_id.to_owned(),
        from_me: sender_id == 0,
        at: 1_000 + id,
        created_at: 2_000 + id,
        kind: "text".to_owned(),
        body: format!("hello {id}"),
        extra: wharf_domain::inbound::MessageExtra::default(),
        ack_level: 0,
        status: None,
        error: String::new(),
        edited: false,
        deleted: false,
    }
}
