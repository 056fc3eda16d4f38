//! The event log, pulled.

use crate::harness::TestApi;
use serde_json::{Value, json};
use std::time::Duration;
use wharf_domain::{
    inbound::{InChat, InMessage, Inbound, MessageExtra, Origin, Seen},
    sessions::SessionScope,
};
use wharf_types::Capability;

pub fn message(wa_id: &str) -> Inbound {
    let who = Seen {
        phone: Some("15551230001".parse().unwrap()),
        lid: Some("111@lid".parse().unwrap()),
    };
    Inbound::Message(Box::new(InMessage {
        chat: InChat::Person(who.clone()),
        sender: who,
        from_me: false,
        wa_id: wa_id.to_owned(),
        at: 1_000,
        push_name: "Zoë".to_owned(),
        kind: "text".to_owned(),
        body: format!("the words of {wa_id}"),
        extra: MessageExtra::default(),
        origin: Origin::Live,
        ack_level: 0,
    }))
}

async fn page(api: &TestApi, key: &str, query: &str) -> Value {
    let path = format!("/events?{query}");
    api.ask("GET", &path).bearer(key).go().await.ok(200)
}

fn ids(page: &Value) -> Vec<String> {
    let data = page["data"].as_array().unwrap();
    data.iter()
        .map(|event| event["id"].as_str().unwrap().to_owned())
        .collect()
}

/// Every id, page by page, then the rest by the last id seen.
async fn walk(api: &TestApi, filter: &str, limit: usize) -> Vec<Value> {
    let (mut all, mut after) = (Vec::new(), String::new());
    loop {
        let page = page(
            api,
            &api.key,
            &format!("after={after}&limit={limit}&{filter}"),
        )
        .await;
        let data = page["data"].as_array().unwrap();
        all.extend(data.iter().cloned());
        let next = page["nextCursor"].as_str().unwrap();
        if next.is_empty() {
            return all;
        }
        assert_eq!(data.len(), limit);
        assert_eq!(data[limit - 1]["id"], next);
        after = next.to_owned();
    }
}

async fn two_sessions(api: &TestApi) -> (SessionScope, SessionScope) {
    let (one, two) = (api.session(api.org).await, api.session(api.org).await);
    for n in 0..4 {
        for scope in [one, two] {
            api.told(scope, vec![message(&format!("M{n}"))]).await;
        }
    }
    (one, two)
}

#[tokio::test]
async fn a_walk_tells_everything_once_and_in_order() {
    let api = TestApi::new().await;
    let (one, two) = two_sessions(&api).await;
    let foreign = api
        .session(api.domain.create_organization("second").await.unwrap().id)
        .await;
    api.told(foreign, vec![message("FOREIGN")]).await;
    let all = walk(&api, "", 200).await;
    for limit in [1, 3, 7] {
        assert_eq!(walk(&api, "", limit).await, all, "{limit} a page");
    }
    for scope in [one, two] {
        let seqs: Vec<i64> = all
            .iter()
            .filter(|event| event["session"] == scope.id.to_string())
            .map(|event| event["seq"].as_i64().unwrap())
            .collect();
        assert_eq!(seqs, (1..=seqs.len() as i64).collect::<Vec<_>>());
        assert!(seqs.len() >= 4);
    }
    assert!(
        all.iter()
            .all(|event| event["organization"] == api.org.to_string())
    );
    let messages = walk(&api, "events=message", 3).await;
    assert_eq!(messages.len(), 8);
    assert_eq!(messages[0]["payload"]["body"], "the words of M0");
    let kinds = walk(&api, "events=message,chat.updated", 3).await;
    let of_two = walk(&api, &format!("sessions={}", two.id), 3).await;
    let matching = |wanted: &dyn Fn(&Value) -> bool| -> Vec<Value> {
        all.iter().filter(|event| wanted(event)).cloned().collect()
    };
    assert_eq!(
        kinds,
        matching(&|event| event["event"] == "message" || event["event"] == "chat.updated")
    );
    assert_eq!(
        of_two,
        matching(&|event| event["session"] == two.id.to_string())
    );
    assert_eq!(walk(&api, "events=*", 200).await, all);
}

#[tokio::test]
async fn a_limited_key_gets_its_sessions_and_bad_input_is_named() {
    let api = TestApi::new().await;
    let (one, two) = two_sessions(&api).await;
    let key = api.key_of(api.org, &[Capability::Read], &[one.id]).await;
    let mine = page(&api, &key, "limit=200").await;
    let mine = mine["data"].as_array().unwrap();
    assert!(!mine.is_empty());
    assert!(
        mine.iter()
            .all(|event| event["session"] == one.id.to_string())
    );
    let foreign = api
        .session(api.domain.create_organization("second").await.unwrap().id)
        .await;
    for (query, field) in [
        (format!("sessions={}", two.id), "sessions"),
        (format!("sessions={}", foreign.id), "sessions"),
        ("sessions=x".to_owned(), "sessions"),
        ("events=mesage".to_owned(), "events"),
        ("after=evt_00000000000000000000000000".to_owned(), "after"),
        ("after=x".to_owned(), "after"),
        ("limit=x".to_owned(), "limit"),
        ("wait=31".to_owned(), "wait"),
        ("wait=-1".to_owned(), "wait"),
    ] {
        let path = format!("/events?{query}");
        let details = api.ask("GET", &path).bearer(&key).go().await;
        let details = details.is(400, "validation_error");
        assert!(details[field].is_string(), "{query}: {details}");
    }
}

#[tokio::test]
async fn a_wait_ends_with_the_event_and_not_by_another() {
    let api = TestApi::new().await;
    let (one, two) = two_sessions(&api).await;
    let last = walk(&api, "", 200).await;
    let last = last.last().unwrap()["id"].as_str().unwrap();
    let path = format!(
        "/events?after={last}&wait=30&events=message&sessions={}",
        one.id
    );
    let waiting = api.get(&path);
    let telling = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        api.told(two, vec![message("OTHER")]).await;
        api.told(one, vec![message("MINE")]).await;
    };
    let (answer, ()) = tokio::join!(waiting, telling);
    let page = answer.ok(200);
    assert_eq!(ids(&page).len(), 1);
    assert_eq!(page["data"][0]["payload"]["waMessageId"], "MINE");
    assert_eq!(page["nextCursor"], "");
    let all = walk(&api, "", 200).await;
    let last = all.last().unwrap()["id"].as_str().unwrap();
    let path = format!("/events?after={last}&wait=1");
    assert_eq!(
        api.get(&path).await.ok(200),
        json!({"data": [], "nextCursor": ""})
    );
}

#[tokio::test]
async fn who_wants_only_what_is_new_begins_at_the_end() {
    let api = TestApi::new().await;
    let latest = "after=latest&wait=30";
    let nothing = json!({"data": [], "nextCursor": ""});
    assert_eq!(page(&api, &api.key, latest).await, nothing);
    let (one, _) = two_sessions(&api).await;
    api.told(one, vec![message("OLD")]).await;
    let end = page(&api, &api.key, latest).await;
    let newest = walk(&api, "", 200).await.pop().unwrap();
    assert_eq!(end, json!({"data": [], "nextCursor": newest["id"]}));
    let after = format!("after={}&events=message", newest["id"].as_str().unwrap());
    assert_eq!(page(&api, &api.key, &after).await, nothing);
    api.told(one, vec![message("NEW")]).await;
    let new = page(&api, &api.key, &after).await;
    assert_eq!(new["data"][0]["payload"]["waMessageId"], "NEW");
    let wrong = api.get("/events?after=latest&events=mesage").await;
    wrong.is(400, "validation_error");
}

#[tokio::test]
async fn who_was_away_too_long_is_told_the_oldest_event() {
    let api = TestApi::new().await;
    let (one, _) = two_sessions(&api).await;
    let old = ids(&page(&api, &api.key, "limit=200").await);
    api.clock.advance(api.domain.retention.events + 1);
    api.told(one, vec![message("YOUNG")]).await;
    assert_eq!(api.domain.trim_log().await.unwrap(), old.len());
    let young = page(&api, &api.key, "limit=200").await;
    let oldest = &ids(&young)[0];
    for gone in &old[..old.len() - 1] {
        let answer = api.get(&format!("/events?after={gone}")).await;
        assert_eq!(answer.is(410, "gone")["oldest"], json!(oldest));
    }
    // After the very last one that went nothing is missing.
    let rest = page(&api, &api.key, &format!("after={}", old.last().unwrap())).await;
    assert_eq!(rest["data"], young["data"]);
    let unknown = "/events?after=evt_7ZZZZZZZZZZZZZZZZZZZZZZZZZ";
    api.get(unknown).await.is(400, "validation_error");
}
