//! Every operation × every credential. A new operation must be entered here before the tests are green.

use crate::harness::TestApi;
use std::collections::BTreeMap;
use wharf_types::Capability::{self, Manage, Read, Send};

const TABLE: [(&str, Capability); 50] = [
    ("listSessions", Manage),
    ("createSession", Manage),
    ("getSession", Manage),
    ("updateSession", Manage),
    ("deleteSession", Manage),
    ("sessionMe", Manage),
    ("sessionQr", Manage),
    ("sessionPairingCode", Manage),
    ("startSession", Manage),
    ("stopSession", Manage),
    ("restartSession", Manage),
    ("logoutSession", Manage),
    ("listContacts", Read),
    ("checkContact", Read),
    ("checkContacts", Read),
    ("getContact", Read),
    ("listChats", Read),
    ("getChat", Read),
    ("listChatMessages", Read),
    ("updateChat", Send),
    ("deleteChat", Send),
    ("readChat", Send),
    ("sendReceipts", Send),
    ("setChatPresence", Send),
    ("subscribePresence", Send),
    ("setPresence", Send),
    ("rejectCall", Send),
    ("searchMessages", Read),
    ("sendMessage", Send),
    ("downloadMedia", Read),
    ("uploadMedia", Send),
    ("getMessage", Read),
    ("editMessage", Send),
    ("revokeMessage", Send),
    ("forwardMessage", Send),
    ("reactMessage", Send),
    ("removeReaction", Send),
    ("voteMessage", Send),
    ("listOutbox", Send),
    ("getOutbox", Send),
    ("cancelOutbox", Send),
    ("listApiKeys", Manage),
    ("createApiKey", Manage),
    ("revokeApiKey", Manage),
    ("listEvents", Read),
    ("createRealtimeTicket", Read),
    ("connectRealtime", Read),
    ("listGroups", Read),
    ("getGroup", Read),
    ("listGroupMembers", Read),
];

#[tokio::test]
async fn who_may_do_what() {
    let api = TestApi::new().await;
    let foreign = api
        .session(api.domain.create_organization("second").await.unwrap().id)
        .await;
    let mut keys = Vec::new();
    for capability in [Read, Send, Manage] {
        keys.push((capability, api.key_of(api.org, &[capability], &[]).await));
    }
    let mut table: BTreeMap<&str, Capability> = TABLE.into_iter().collect();
    let document = wharf_api::describe();
    for (pattern, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if !pattern.starts_with("/api/v1/") {
                continue;
            }
            let id = operation["operationId"].as_str().unwrap();
            let needed = table
                .remove(id)
                .unwrap_or_else(|| panic!("{id} is not in the table"));
            let path = pattern
                .replace("{session}", &foreign.id.to_string())
                .replace(['{', '}'], "");
            let (method, path) = (method.to_uppercase(), format!("/{path}"));
            api.ask(&method, &path).go().await.is(401, "unauthorized");
            for (capability, key) in &keys {
                let answer = api.ask(&method, &path).bearer(key).go().await;
                let at = format!("{id} by a key with {capability:?}");
                if *capability != needed {
                    answer.is(403, "forbidden");
                } else if pattern.contains("{session}") {
                    answer.is(404, "not_found");
                } else {
                    // Let in; what is wrong with an empty request is another test's business.
                    assert!(![401, 403, 500].contains(&answer.status.as_u16()), "{at}");
                }
            }
        }
    }
    assert!(table.is_empty(), "no longer there: {table:?}");
}
