//! The people a session has seen.

#[cfg(test)]
mod erasure;

mod live;

use crate::harness::{ANNA, BORIS, OWN, TestApp, until};
use serde_json::{Value, json};
use std::collections::BTreeSet;

async fn crowd(people: u32, groups: u32) -> (TestApp, crate::harness::Session) {
    let app = TestApp::new().await;
    app.account(OWN, "Own").await;
    let crowd = json!({ "for": OWN, "people": people, "groups": groups, "messages": 2, "seed": 7 });
    app.phones.post("/populate", crowd).await.well();
    let session = app.pair(OWN).await;
    until("everybody", || async {
        (app.all(&session.path("/contacts?limit=200")).await.len() >= people as usize).then_some(())
    })
    .await;
    (app, session)
}

fn lids(rows: &[Value]) -> BTreeSet<String> {
    rows.iter()
        .map(|row| row["lid"].as_str().unwrap().to_owned())
        .collect()
}

#[tokio::test]
async fn a_populated_account_is_listed_once_and_stays_readable_while_disconnected() {
    let (app, session) = crowd(60, 4).await;
    app.api.poke(&session.path(":stop")).await.well();
    let all = app.all(&session.path("/contacts?limit=7")).await;
    assert_eq!(all.len(), 60);
    assert_eq!(lids(&all).len(), 60, "somebody is listed twice");
    assert!(
        all.iter().all(|row| row["phoneNumber"] != OWN),
        "the account itself is listed"
    );
    let dm = app.all(&session.path("/contacts?source=dm")).await;
    let group = app.all(&session.path("/contacts?source=group")).await;
    assert!(
        dm.iter().all(|row| row["source"] == "dm")
            && group.iter().all(|row| row["source"] == "group")
    );
    let both: BTreeSet<String> = lids(&dm).union(&lids(&group)).cloned().collect();
    assert_eq!(both, lids(&all));
}

#[tokio::test]
async fn a_group_filter_lists_its_members_and_names_are_found_in_every_case() {
    let (app, session) = crowd(60, 4).await;
    let groups = app.all(&session.path("/groups")).await;
    assert_eq!(groups.len(), 4);
    let gid = groups[0]["groupJid"].as_str().unwrap();
    let members = app
        .all(&session.path(&format!("/groups/{gid}/members")))
        .await;
    let listed = app
        .all(&session.path(&format!("/contacts?group={gid}")))
        .await;
    let own = app.api.get(&session.path("/me")).await.well()["waLid"].clone();
    let others: BTreeSet<String> = lids(&members)
        .into_iter()
        .filter(|lid| *lid != own)
        .collect();
    assert_eq!(lids(&listed), others);
    let named = listed
        .iter()
        .find(|row| {
            row["name"]
                .as_str()
                .is_some_and(|name| name.chars().count() > 3)
        })
        .expect("somebody with a name");
    let name = named["name"].as_str().unwrap();
    for q in [
        name.to_owned(),
        name.to_uppercase(),
        name.to_lowercase(),
        name.chars().take(2).collect(),
    ] {
        let query =
            reqwest::Url::parse_with_params("http://x/", [("q", &q), ("group", &gid.to_owned())])
                .unwrap();
        let found = app
            .all(&session.path(&format!("/contacts?{}", query.query().unwrap())))
            .await;
        // Upper case is not always the same letters folded (ß, final sigma): those must still match by contract.
        assert!(
            lids(&found).contains(named["lid"].as_str().unwrap()),
            "{q}: {found:?}"
        );
    }
}

#[tokio::test]
async fn bad_queries_name_the_parameter() {
    let app = TestApp::new().await;
    let session = app.session(OWN).await;
    let long = "q".repeat(101);
    for (query, field) in [
        ("source=friends", "source"),
        ("group=nonsense", "group"),
        ("limit=many", "limit"),
        ("cursor=forged", "cursor"),
        (&format!("q={long}"), "q"),
    ] {
        let answer = app
            .api
            .get(&session.path(&format!("/contacts?{query}")))
            .await;
        assert_eq!(answer.refused(400), "validation_error");
        assert!(
            answer.body["error"]["details"].get(field).is_some(),
            "{query}: {}",
            answer.body
        );
    }
    for query in [
        "limit=99999999999999999999",
        "limit=-5",
        "limit=",
        "q=%20",
        "group=120363999999999999@g.us",
    ] {
        app.api
            .get(&session.path(&format!("/contacts?{query}")))
            .await
            .well();
    }
}

#[tokio::test]
async fn a_cursor_belongs_to_its_query_and_session() {
    let (app, session) = crowd(20, 2).await;
    let page = app.api.get(&session.path("/contacts?limit=3")).await.well();
    let cursor = page["nextCursor"].as_str().unwrap();
    for path in [
        format!("/contacts?limit=3&source=dm&cursor={cursor}"),
        format!("/chats?cursor={cursor}"),
    ] {
        assert_eq!(
            app.api.get(&session.path(&path)).await.refused(400),
            "validation_error",
            "{path}"
        );
    }
    let other = app.session(ANNA).await;
    assert_eq!(
        app.api
            .get(&other.path(&format!("/contacts?cursor={cursor}")))
            .await
            .refused(400),
        "validation_error"
    );
}

#[tokio::test]
async fn who_hides_the_number_and_shows_it_later_is_one_person() {
    let app = TestApp::new().await;
    app.account(ANNA, "Anna").await;
    let session = app.session(OWN).await;
    let write = async |body: Value| {
        app.phones
            .post(&format!("/accounts/{ANNA}/send"), body)
            .await
    };
    let first = async || {
        let page = app.api.get(&session.path("/contacts")).await.well();
        page["data"].as_array().unwrap().clone()
    };
    write(json!({ "to": OWN, "type": "text", "text": "who am I", "hideNumber": true }))
        .await
        .well();
    let hidden = until("a person", || async {
        Some(first().await).filter(|rows| !rows.is_empty())
    })
    .await;
    assert_eq!((hidden.len(), &hidden[0]["phoneNumber"]), (1, &json!("")));
    write(json!({ "to": OWN, "type": "text", "text": "it is me" }))
        .await
        .well();
    let shown = until("a number", || async {
        Some(first().await).filter(|rows| rows[0]["phoneNumber"] == ANNA)
    })
    .await;
    assert_eq!(shown.len(), 1);
    assert_eq!(shown[0]["lid"], hidden[0]["lid"]);
    let by_lid = app
        .api
        .get(&session.path(&format!("/contacts/{}", shown[0]["lid"].as_str().unwrap())))
        .await
        .well();
    let by_phone = app
        .api
        .get(&session.path(&format!("/contacts/{ANNA}")))
        .await
        .well();
    assert_eq!(by_lid, by_phone);
    // The ids may be known before the message that told them is stored.
    until("both messages in one chat", || async {
        let chats = app.all(&session.path("/chats")).await;
        (chats.len() == 1 && chats[0]["unreadCount"] == 2).then_some(chats)
    })
    .await;
}

#[tokio::test]
async fn a_name_saved_in_the_phone_arrives() {
    let app = TestApp::new().await;
    app.account(ANNA, "Anna").await;
    let session = app.session(OWN).await;
    app.phones
        .post(
            &format!("/accounts/{OWN}/addressbook"),
            json!({ "phone": ANNA, "name": "Anna from work" }),
        )
        .await
        .well();
    let rows = until("the saved name", || async {
        let page = app
            .api
            .get(&session.path("/contacts?source=addressbook"))
            .await
            .well();
        page["data"]
            .as_array()
            .filter(|rows| !rows.is_empty())
            .cloned()
    })
    .await;
    assert_eq!(rows[0]["name"], "Anna from work");
    // In the address book alone: not among the people seen.
    assert_eq!(
        app.api.get(&session.path("/contacts")).await.well()["data"],
        json!([])
    );
}

#[tokio::test]
async fn numbers_are_checked_live() {
    let app = TestApp::new().await;
    app.account(ANNA, "Anna").await;
    let session = app.session(OWN).await;
    let yes = app
        .api
        .get(&session.path(&format!("/contacts/check?phone=%2B{ANNA}")))
        .await
        .well();
    assert_eq!(yes["isOnWhatsApp"], true);
    let no = app
        .api
        .get(&session.path(&format!("/contacts/check?phone={BORIS}")))
        .await
        .well();
    assert_eq!(no["isOnWhatsApp"], false);
    assert_eq!(
        app.api
            .get(&session.path("/contacts/check?phone=abc"))
            .await
            .refused(400),
        "validation_error"
    );
    let many = app
        .api
        .post(
            &session.path("/contacts/check"),
            json!({ "phones": [ANNA, BORIS] }),
        )
        .await
        .well();
    let found: Vec<&Value> = many["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| &row["isOnWhatsApp"])
        .collect();
    assert_eq!(found, [true, false]);
    assert_eq!(
        app.api.get(&session.path("/contacts")).await.well()["data"],
        json!([]),
        "checking lists nobody"
    );
}

/// Deleted on the phone: the name goes, the person stays where else they are known.
#[tokio::test]
async fn who_leaves_the_address_book_loses_the_name_and_the_list() {
    let app = TestApp::new().await;
    app.account(OWN, "Own").await;
    app.account(ANNA, "Anna Push").await;
    app.account(BORIS, "Boris Push").await;
    let save = async |phone: &str, name: &str| {
        let entry = json!({ "phone": phone, "name": name });
        app.phones
            .post(&format!("/accounts/{OWN}/addressbook"), entry)
            .await
            .well();
    };
    let forget = async |phone: &str| {
        app.phones
            .delete(&format!("/accounts/{OWN}/addressbook/{phone}"))
            .await
            .well();
    };
    save(ANNA, "Anna Saved").await;
    save(BORIS, "Boris Saved").await;
    let session = app.pair(OWN).await;
    let book = async || {
        let rows = app.all(&session.path("/contacts?source=addressbook")).await;
        let mut names: Vec<String> = rows
            .iter()
            .map(|row| row["name"].as_str().unwrap().to_owned())
            .collect();
        names.sort();
        names
    };
    let becomes = async |expected: &[&str]| {
        until(&format!("the address book {expected:?}"), || async {
            (book().await == expected).then_some(())
        })
        .await;
    };
    becomes(&["Anna Saved", "Boris Saved"]).await;
    let hello = json!({ "to": OWN, "type": "text", "text": "hello" });
    app.phones
        .post(&format!("/accounts/{ANNA}/send"), hello)
        .await
        .well();
    app.chat_with(&session, ANNA).await;
    forget(ANNA).await;
    becomes(&["Boris Saved"]).await;
    // Anna wrote: she is still listed, under the name she gave herself.
    let anna = until("the push name", || async {
        let anna = app
            .api
            .get(&session.path(&format!("/contacts/{ANNA}")))
            .await
            .well();
        (anna["identity"]["name"] == "Anna Push").then_some(anna)
    })
    .await;
    assert!(!anna["dm"].is_null(), "{anna}");
    let found = app.all(&session.path("/contacts?q=Saved")).await;
    assert_eq!(found.len(), 0, "{found:?}");
    let told = app.events("contact.updated");
    assert!(
        told.iter().any(|event| event["name"] == "Anna Push"),
        "{told:?}"
    );
    // Renamed is not removed; saved again is there again; removed while nobody listened is removed.
    save(BORIS, "Boris Renamed").await;
    save(ANNA, "Anna Again").await;
    becomes(&["Anna Again", "Boris Renamed"]).await;
    // Another device of the account is unlinked: the phone changes its key, and what it touches from now on is
    // removed under the old and set under the new one. Nobody left.
    let other = app.pair(OWN).await;
    app.api.poke(&other.path(":logout")).await.well();
    save(BORIS, "Boris Rekeyed").await;
    becomes(&["Anna Again", "Boris Rekeyed"]).await;
    save(ANNA, "Anna Rekeyed").await;
    becomes(&["Anna Rekeyed", "Boris Rekeyed"]).await;
    app.api.poke(&session.path(":stop")).await.well();
    forget(BORIS).await;
    app.api.poke(&session.path(":start")).await.well();
    becomes(&["Anna Rekeyed"]).await;
}
