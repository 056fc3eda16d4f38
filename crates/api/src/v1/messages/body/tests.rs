use super::*;
use serde_json::json;

fn sent(body: Value) -> Result<NewSend, u16> {
    read(LargeBody(body))
        .map(|(new, _)| new)
        .map_err(|error| error.status().as_u16())
}

fn with_field(kind: &str, field: &str, value: Value) -> Result<NewSend, u16> {
    let mut body = match kind {
        "poll" => json!({"name": "q", "options": ["a", "b"]}),
        "location" => json!({"latitude": 1, "longitude": 2}),
        "contact" => json!({"contact": {"name": "n", "phone": "+15551230002"}}),
        _ => json!({"text": "hi"}),
    };
    body["type"] = json!(kind);
    body["to"] = json!("+15551230001");
    body[field] = value;
    sent(body)
}

#[test]
fn what_a_send_must_be() {
    let sound = with_field("text", "mentions", json!(["15551230002@c.us", "1@lid"])).unwrap();
    assert_eq!(sound.mentions, ["15551230002@s.whatsapp.net", "1@lid"]);
    assert_eq!(sound.to.jid(), "15551230001@s.whatsapp.net");
    for (field, value) in [
        ("to", json!("abc")),
        ("to", json!(5)),
        ("text", json!("")),
        ("text", json!("x".repeat(65_537))),
        ("reference", json!("é".repeat(257))),
        ("mentions", json!(["x"])),
        ("sendAt", json!(-1)),
        ("expiresAt", json!(i64::MAX)),
        ("sendAt", json!("soon")),
        ("type", json!("tex")),
        ("type", Value::Null),
        ("caption", json!("x")),
        ("options", json!(["a", "b"])),
    ] {
        assert_eq!(
            with_field("text", field, value.clone()).unwrap_err(),
            400,
            "{field} {value}"
        );
    }
    assert_eq!(
        with_field("text", "to", json!("status@broadcast")).unwrap_err(),
        501
    );
    assert!(with_field("text", "text", json!("x".repeat(65_536))).is_ok());
    assert!(with_field("text", "linkPreview", json!(false)).is_ok());
    assert_eq!(sent(json!([])).unwrap_err(), 400);
}

#[test]
fn what_a_poll_must_be() {
    let many = |n: usize| json!((0..n).map(|i| format!("o{i}")).collect::<Vec<_>>());
    for options in [
        many(1),
        many(13),
        json!(["a", "a"]),
        json!(["a", " a "]),
        json!(["a", " "]),
        json!(["a", "x".repeat(101)]),
        json!("a"),
    ] {
        assert_eq!(
            with_field("poll", "options", options.clone()).unwrap_err(),
            400,
            "{options}"
        );
    }
    for count in [json!(3), json!(-1), json!(1.5), json!("1")] {
        assert!(
            with_field("poll", "selectableCount", count.clone()).is_err(),
            "{count}"
        );
    }
    assert!(with_field("poll", "name", json!(" ")).is_err());
    assert!(with_field("poll", "text", json!("x")).is_err());
    assert!(with_field("poll", "options", many(12)).is_ok());
    assert!(with_field("poll", "selectableCount", json!(2)).is_ok());
}

#[test]
fn what_a_place_must_be() {
    for (field, degrees) in [
        ("latitude", json!(91)),
        ("latitude", json!(-90.000_1)),
        ("longitude", json!(180.1)),
        ("longitude", json!("2")),
        ("latitude", Value::Null),
    ] {
        assert!(
            with_field("location", field, degrees.clone()).is_err(),
            "{field} {degrees}"
        );
    }
    for (field, degrees) in [("latitude", json!(-90)), ("longitude", json!(180.0))] {
        assert!(with_field("location", field, degrees).is_ok(), "{field}");
    }
    assert!(with_field("location", "name", json!("x".repeat(1_001))).is_err());
}

#[test]
fn what_a_card_must_be() {
    let card = "BEGIN:VCARD\nVERSION:3.0\nFN:Anna\nTEL:+1 555\nEND:VCARD";
    let sound = with_field("contact", "contact", json!({ "vcard": card })).unwrap();
    assert_eq!(
        sound.what,
        What::Contact {
            name: "Anna".into(),
            vcard: card.into()
        }
    );
    for card in [
        json!({}),
        json!({"name": "n"}),
        json!({"name": "n", "phone": "12"}),
        json!({"name": " ", "phone": "15551230002"}),
        json!({"name": "n", "phone": "15551230002", "vcard": card}),
        json!({"vcard": "Anna"}),
        json!({"vcard": "BEGIN:VCARD\nEND:VCARD"}),
        json!({"name": "n", "phone": "15551230002", "mail": "x"}),
        json!("Anna"),
    ] {
        assert!(
            with_field("contact", "contact", card.clone()).is_err(),
            "{card}"
        );
    }
}
