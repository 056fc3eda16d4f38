//! A file the network dropped is uploaded again by the phone that holds it.

use serde_json::{Value, json};
use wacore::media_retry::{
    MediaRetryResult, build_media_retry_receipt, encrypt_media_retry_receipt,
    parse_media_retry_notification,
};
use wacore_binary::Node;

use crate::{
    companion::Companion,
    hand::Net,
    wire::{Wire, text},
};

const ME: &str = "491700000001";
const FRIEND: &str = "491700000002";

/// A picture sent to the client: its id, key and path.
async fn picture(net: &Net, c: &mut Companion, w: &mut Wire) -> (String, Vec<u8>, String) {
    let media = json!({"data": "/9j/4A==", "caption": "the pier"});
    let say = json!({"to": ME, "type": "image", "media": media});
    let out = net.post(&format!("/accounts/{FRIEND}/send"), say).await;
    let id = out["waMessageId"].as_str().unwrap().to_owned();
    let n = w
        .until("the picture", |n| n.tag == "message" && text(n, "id") == id)
        .await;
    let msg = c.read(&n).await;
    let i = msg.image_message.as_option().unwrap();
    (
        id,
        i.media_key.clone().unwrap(),
        i.direct_path.clone().unwrap(),
    )
}

/// What the phone answers when asked with this key.
async fn ask(w: &mut Wire, id: &str, key: &[u8]) -> Node {
    let (sealed, iv) = encrypt_media_retry_receipt(key, id).unwrap();
    let own = format!("{ME}@s.whatsapp.net").parse().unwrap();
    let chat = format!("{FRIEND}@s.whatsapp.net").parse().unwrap();
    let n = build_media_retry_receipt(&own, id, &chat, false, None, &sealed, &iv);
    w.send(&n).await;
    w.until("mediaretry", |n| {
        n.tag == "notification" && text(n, "type") == "mediaretry"
    })
    .await
}

fn parsed(n: &Node, key: &[u8]) -> MediaRetryResult {
    parse_media_retry_notification(&n.as_node_ref(), key).unwrap()
}

#[tokio::test]
async fn an_expired_file_is_uploaded_again_as_long_as_the_phone_has_it() {
    let net = Net::start().await;
    net.account(ME).await;
    net.account(FRIEND).await;
    let mut c = Companion::linked(&net, ME).await;
    let mut w = c.online(&net).await;
    let (id, key, path) = picture(&net, &mut c, &mut w).await;

    let expire = |forget: bool| json!({"waMessageId": id, "forget": forget});
    let at = format!("/accounts/{ME}/expire-media");
    assert_eq!(
        net.post(&at, expire(false)).await,
        json!({"expired": true, "forgotten": false})
    );
    let MediaRetryResult::Success { direct_path } = parsed(&ask(&mut w, &id, &key).await, &key)
    else {
        panic!("not uploaded again");
    };
    assert_ne!(direct_path, path);
    let blobs = net.sandbox.sim().media.blobs();
    assert!(matches!(
        blobs.get(&direct_path),
        wharf_sandbox::media::Blob::Here(_)
    ));
    assert_eq!(blobs.get(&path), wharf_sandbox::media::Blob::Gone);

    assert_eq!(
        net.post(&at, expire(true)).await,
        json!({"expired": true, "forgotten": true})
    );
    assert!(matches!(
        parsed(&ask(&mut w, &id, &key).await, &key),
        MediaRetryResult::NotFound
    ));
    assert_eq!(net.errors().await, Vec::<String>::new());

    // Sealed with another key: the phone cannot read it, and the client is at fault.
    let wrong = ask(&mut w, &id, &[9; 32]).await;
    assert!(matches!(
        parsed(&wrong, &key),
        MediaRetryResult::DecryptionError
    ));
    assert_eq!(net.errors().await.len(), 1);
    let none: Value = json!({"waMessageId": "NOPE"});
    assert_eq!(net.try_post(&at, none).await.0, 400);
}

#[tokio::test]
async fn people_send_files_of_any_size() {
    let net = Net::start().await;
    net.account(ME).await;
    net.account(FRIEND).await;
    let say = |media: Value| json!({"to": ME, "type": "document", "media": media});
    let path = format!("/accounts/{FRIEND}/send");
    let three = "AAAA".repeat(1 << 20);
    for (media, size) in [
        (json!({"data": three}), 3 << 20),
        (json!({"size": 5_000_000}), 5_000_000),
    ] {
        let id = net.post(&path, say(media)).await["waMessageId"].clone();
        let line = net
            .inbox(ME)
            .await
            .into_iter()
            .find(|e| e["waMessageId"] == id)
            .unwrap();
        assert_eq!(
            (&line["media"]["size"], &line["media"]["problem"]),
            (&json!(size), &Value::Null)
        );
    }
    for bad in [
        json!({}),
        json!({"size": 0}),
        json!({"data": "AAAA", "size": 3}),
        json!({"data": "A*"}),
    ] {
        let (status, out) = net.try_post(&path, say(bad)).await;
        assert_eq!(
            (status, &out["error"]["code"]),
            (400, &json!("validation_error")),
            "{out}"
        );
    }
}
