//! What a backup tells is stored like history: once, under the person it belongs to.

use super::{Builder, KEY, SOFIA, SOFIA_LID, TEAM, backup, nothing_is_left, over, post};
use crate::harness::{ANNA, OWN, TestApp, until};
use rusqlite::params;
use serde_json::{Value, json};

const AT: i64 = 1_700_000_000_000;

fn fill(b: &Builder) {
    let (sofia, sofia_lid, team) = (b.jid(SOFIA), b.jid(SOFIA_LID), b.jid(TEAM));
    b.row(
        "INSERT INTO jid_map VALUES (?1, ?2)",
        params![sofia_lid, sofia],
    );
    b.row(
        "INSERT INTO lid_display_name VALUES (?1, 'Sofía')",
        params![sofia_lid],
    );
    let (direct, group) = (b.chat(sofia, None), b.chat(team, Some("The team")));
    let first = b.message(direct, Some(sofia), "S1", AT, 0, "hola");
    let reply = b.message(direct, None, "O1", AT + 1_000, 0, "hello back");
    b.row(
        "INSERT INTO message_quoted VALUES (?1, 'S1')",
        params![reply],
    );
    b.row(
        "INSERT INTO message_add_on VALUES (1, 1, NULL, ?1)",
        params![first],
    );
    b.row(
        "INSERT INTO message_add_on_reaction VALUES (1, '👍', ?1)",
        params![AT + 5_000],
    );
    let photo = b.message(direct, Some(sofia), "S2", AT + 2_000, 1, "");
    b.row(
        "INSERT INTO message_media VALUES (?1, 'image/jpeg', 'beach.jpg', 'at the beach', 0, 12345, 1200, 900)",
        params![photo],
    );
    let place = b.message(direct, Some(sofia), "S3", AT + 3_000, 5, "");
    b.row(
        "INSERT INTO message_location VALUES (?1, 41.4, 2.17, 'Sagrada Familia', 'Mallorca 401')",
        params![place],
    );
    let poll = b.message(direct, None, "O2", AT + 4_000, 66, "Lunch?");
    b.row("INSERT INTO message_poll VALUES (?1, 1)", params![poll]);
    for option in ["Pizza", "Soup"] {
        b.row(
            "INSERT INTO message_poll_option (message_row_id, option_name) VALUES (?1, ?2)",
            params![poll, option],
        );
    }
    let card = b.message(direct, Some(sofia), "S4", AT + 6_000, 4, "");
    let vcard = "BEGIN:VCARD\nVERSION:3.0\nFN:Dana Smith\nTEL;waid=628990000012:+62 899\nEND:VCARD";
    b.row(
        "INSERT INTO message_vcard (message_row_id, vcard) VALUES (?1, ?2)",
        params![card, vcard],
    );
    b.message(direct, Some(sofia), "S5", AT + 7_000, 15, "");
    b.message(
        direct,
        Some(sofia),
        "S6",
        AT + 8_000,
        7,
        "security code changed",
    );
    let said = b.message(group, Some(sofia_lid), "G1", AT + 9_000, 0, "in the group");
    b.row(
        "INSERT INTO message_mentions (message_row_id, jid_row_id) VALUES (?1, ?2)",
        params![said, sofia],
    );
}

fn of<'a>(messages: &'a [Value], id: &str) -> &'a Value {
    let found = messages.iter().find(|message| message["waMessageId"] == id);
    found.unwrap_or_else(|| panic!("no message {id} among {messages:?}"))
}

#[tokio::test]
async fn a_backup_becomes_people_chats_and_messages_and_only_once() {
    let app = TestApp::new().await;
    let session = app.session(OWN).await;
    let answer = post(&app, &session, backup(fill), KEY).await;
    assert_eq!(answer.status, 202, "{}", answer.body);
    assert_eq!(answer.body["status"], "running");
    let job = over(&app, &session, &answer.body).await;
    assert_eq!(
        (&job["status"], &job["error"]),
        (&json!("done"), &json!(""))
    );
    assert_eq!(
        (&job["progress"], &job["messages"]),
        (&json!(100), &json!(8))
    );

    let chat = format!("/chats/{SOFIA}/messages");
    let messages = app.all(&session.path(&chat)).await;
    assert_eq!(messages.len(), 7, "{messages:?}");
    let first = of(&messages, "S1");
    assert_eq!(
        (&first["body"], &first["timestamp"], &first["senderName"]),
        (&json!("hola"), &json!(AT), &json!("Sofía"))
    );
    assert_eq!(first["reactions"][0]["emoji"], "👍");
    let reply = of(&messages, "O1");
    assert_eq!(
        (&reply["fromMe"], &reply["quotedId"], &reply["status"]),
        (&json!(true), &json!("S1"), &json!("read"))
    );
    let photo = of(&messages, "S2");
    assert_eq!(
        (&photo["type"], &photo["body"], &photo["media"]["width"]),
        (&json!("image"), &json!("at the beach"), &json!(1200))
    );
    assert_eq!(of(&messages, "S3")["location"]["name"], "Sagrada Familia");
    let options = &of(&messages, "O2")["poll"]["options"];
    assert_eq!(
        (&options[0]["text"], &options[1]["text"]),
        (&json!("Pizza"), &json!("Soup"))
    );
    assert_eq!(of(&messages, "S4")["body"], "Dana Smith");
    assert_eq!(of(&messages, "S5")["deleted"], true);

    // Number and LID are one person, seen in both chats.
    let people = app.all(&session.path("/contacts?q=Sof%C3%ADa")).await;
    assert_eq!(people.len(), 1, "{people:?}");
    assert_eq!(
        (&people[0]["lid"], &people[0]["phoneNumber"]),
        (&json!(SOFIA_LID), &json!(SOFIA.split('@').next()))
    );
    let group = app
        .all(&session.path(&format!("/chats/{TEAM}/messages")))
        .await;
    assert_eq!(
        (&group[0]["body"], &group[0]["senderLid"]),
        (&json!("in the group"), &json!(SOFIA_LID))
    );
    let found = app.all(&session.path("/messages?q=beach")).await;
    assert_eq!(found.len(), 1);

    // The same again adds nothing, and no event a row is told.
    let again = post(&app, &session, backup(fill), KEY).await.well();
    assert_eq!(over(&app, &session, &again).await["status"], "done");
    assert_eq!(app.all(&session.path(&chat)).await, messages);
    assert_eq!(
        app.events("message").len() + app.events("message.sent").len(),
        0
    );
    let synced = app.events("session.synced");
    let imports: Vec<&Value> = synced
        .iter()
        .filter(|event| event["source"] == "import")
        .map(|event| &event["messages"])
        .collect();
    assert_eq!(imports, [8, 0], "{synced:?}");
    let told = app.events("import.updated");
    assert_eq!(
        (&told[0]["status"], &told.last().unwrap()["status"]),
        (&json!("running"), &json!("done"))
    );
    assert!(!app.traces_of(KEY), "the key is in the data or the logs");
    nothing_is_left(&app).await;
}

#[tokio::test]
async fn what_came_live_is_not_doubled() {
    let app = TestApp::new().await;
    app.account(ANNA, "Anna").await;
    let session = app.session(OWN).await;
    let sent = json!({ "to": OWN, "type": "text", "text": "live" });
    let sent = app
        .phones
        .post(&format!("/accounts/{ANNA}/send"), sent)
        .await
        .well();
    app.chat_with(&session, ANNA).await;
    let path = session.path(&format!("/chats/{ANNA}/messages"));
    let live = app.all(&path).await;
    let file = backup(|b| {
        let anna = b.jid(&format!("{ANNA}@s.whatsapp.net"));
        let chat = b.chat(anna, None);
        b.message(
            chat,
            Some(anna),
            sent["waMessageId"].as_str().unwrap(),
            AT,
            0,
            "live",
        );
        b.message(chat, Some(anna), "OLD", AT, 0, "from before");
    });
    let job = post(&app, &session, file, KEY).await.well();
    assert_eq!(over(&app, &session, &job).await["status"], "done");
    let all = app.all(&path).await;
    assert_eq!(
        (all.len(), &all[0], &all[1]["waMessageId"]),
        (2, &live[0], &json!("OLD"))
    );
}

#[tokio::test]
async fn a_half_done_import_asks_for_its_key_and_goes_on() {
    let mut app = TestApp::new().await;
    let session = app.session(OWN).await;
    let many = 30_000;
    let file = backup(|b| {
        b.0.execute_batch("BEGIN").unwrap();
        let sofia = b.jid(SOFIA);
        let chat = b.chat(sofia, None);
        for n in 0..many {
            b.message(
                chat,
                Some(sofia),
                &format!("S{n}"),
                AT + n,
                0,
                &format!("word {n}"),
            );
        }
        b.0.execute_batch("COMMIT").unwrap();
    });
    let job = post(&app, &session, file, KEY).await.well();
    let path = session.path(&format!("/imports/{}", job["id"].as_str().unwrap()));
    until("some of it to be stored", || async {
        let job = app.api.get(&path).await.well();
        assert_eq!(
            job["status"], "running",
            "too fast to be killed: make it larger"
        );
        (job["messages"].as_i64().unwrap() > 0).then_some(())
    })
    .await;
    app.kill_gateway().await;
    app.start_gateway().await;
    let waiting = app.api.get(&path).await;
    assert_eq!(
        (
            waiting.refused(409),
            &waiting.body["error"]["details"]["reason"]
        ),
        ("conflict", &json!("key_needed"))
    );
    let files: Vec<String> = std::fs::read_dir(app.data().join("imports"))
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    assert_eq!(
        files,
        [format!("{}.crypt15", job["id"].as_str().unwrap())],
        "something plain outlived the process"
    );

    let key = format!("{path}/key");
    let wrong = app.api.post(&key, json!({ "key": "00".repeat(32) })).await;
    wrong.refused(400);
    assert!(wrong.body["error"]["details"]["key"].is_string());
    let second = post(&app, &session, backup(|_| ()), KEY).await;
    second.refused(409);
    let resumed = app.api.post(&key, json!({ "key": KEY })).await;
    assert_eq!(resumed.status, 202, "{}", resumed.body);
    assert_eq!(over(&app, &session, &job).await["status"], "done");
    let chat = app
        .api
        .get(&session.path(&format!("/chats/{SOFIA}")))
        .await
        .well();
    assert_eq!(
        chat["lastMessage"]["body"],
        json!(format!("word {}", many - 1))
    );
    let all = app
        .all(&session.path(&format!("/chats/{SOFIA}/messages?limit=200")))
        .await;
    let mut ids: Vec<&str> = all
        .iter()
        .map(|message| message["waMessageId"].as_str().unwrap())
        .collect();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!((all.len() as i64, ids.len() as i64), (many, many));
}
