//! Linking and unlinking.

use serde_json::json;
use wacore_binary::builder::NodeBuilder;

use crate::{
    companion::{Companion, devices, iq},
    hand::Net,
    wire::text,
};

const ME: &str = "491700000001";

#[tokio::test]
async fn a_companion_is_linked_by_qr_logs_in_and_gets_its_app_state_key() {
    let net = Net::start().await;
    net.account(ME).await;
    let mut c = Companion::linked(&net, ME).await;
    assert_eq!((c.phone.as_str(), c.n), (ME, 1));
    let mut w = c.online(&net).await;
    let key = w
        .until("key share", |n| {
            n.tag == "message" && text(n, "category") == "peer"
        })
        .await;
    let share = c.read(&key).await.protocol_message;
    assert_eq!(share.app_state_sync_key_share.keys.len(), 1);
    assert_eq!(net.errors().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_ref_is_good_once_and_only_while_its_device_is_there() {
    let net = Net::start().await;
    net.account(ME).await;
    let mut c = Companion::new();
    let mut w = c.register(&net).await;
    let refs = c.refs(&mut w).await;
    assert_eq!(refs.len(), 6);
    let scan = format!("/accounts/{ME}/scan");
    let qr = c.qr(&refs[0]);
    let (_, ()) = tokio::join!(net.post(&scan, json!({"qr": qr})), c.sign_in(&mut w));
    assert_eq!(net.try_post(&scan, json!({"qr": qr})).await.0, 409, "used");

    let d = Companion::new();
    let mut w = d.register(&net).await;
    let refs = d.refs(&mut w).await;
    w.close().await;
    net.eventually("the refs of a closed connection are void", async || {
        net.try_post(&scan, json!({"qr": d.qr(&refs[0])})).await.0 == 409
    })
    .await;
    let bad = net.try_post(&scan, json!({"qr": "nonsense"})).await;
    assert_eq!(
        (bad.0, bad.1["error"]["details"]["qr"].is_string()),
        (400, true)
    );
}

#[tokio::test]
async fn a_forged_device_signature_is_refused_and_links_nothing() {
    let net = Net::start().await;
    net.account(ME).await;
    let mut c = Companion::new();
    let mut w = c.register(&net).await;
    let refs = c.refs(&mut w).await;
    let qr = c.qr(&refs[0]);
    // Signs with another identity than the QR showed.
    let honest = std::mem::replace(&mut c.keys.identity, Companion::new().keys.identity);
    let path = format!("/accounts/{ME}/scan");
    let forge = async {
        let iq = w
            .until("pair-success", |n| {
                n.get_optional_child("pair-success").is_some()
            })
            .await;
        let forged = NodeBuilder::new("device-identity")
            .attr("key-index", "1")
            .bytes(vec![1, 2, 3])
            .build();
        let answer = NodeBuilder::new("iq")
            .attr("to", "s.whatsapp.net")
            .attr("type", "result")
            .attr("id", text(&iq, "id"));
        w.send(
            &answer
                .children([NodeBuilder::new("pair-device-sign")
                    .children([forged])
                    .build()])
                .build(),
        )
        .await;
    };
    let (out, ()) = tokio::join!(net.try_post(&path, json!({"qr": qr})), forge);
    assert_eq!(out.0, 409, "{}", out.1);
    assert!(devices(&net.get(&format!("/accounts/{ME}")).await).is_empty());
    assert!(!net.errors().await.is_empty());
    drop(honest);
}

#[tokio::test]
async fn an_unlinked_device_hears_401_and_is_refused_afterwards() {
    let net = Net::start().await;
    net.account(ME).await;
    let c = Companion::linked(&net, ME).await;
    let other = Companion::linked(&net, ME).await;
    let mut w = c.online(&net).await;
    let mut stays = other.online(&net).await;
    assert_eq!(
        net.delete(&format!("/accounts/{ME}/devices/{}", c.n)).await,
        204
    );
    let end = w.until("stream error", |n| n.tag == "stream:error").await;
    assert_eq!(text(&end, "code"), "401");
    w.until_closed().await;
    stays
        .until("news of the device list", |n| {
            n.tag == "notification"
                && text(n, "type") == "devices"
                && n.get_optional_child("remove").is_some()
        })
        .await;
    let mut again = c.knock(&net).await;
    assert_eq!(
        text(
            &again.until("failure", |n| n.tag == "failure").await,
            "reason"
        ),
        "401"
    );
    assert_eq!(
        net.delete(&format!("/accounts/{ME}/devices/{}", c.n)).await,
        404
    );
    assert_eq!(devices(&net.get(&format!("/accounts/{ME}")).await), [2]);
}

#[tokio::test]
async fn a_client_that_logs_out_is_gone() {
    let net = Net::start().await;
    net.account(ME).await;
    let c = Companion::linked(&net, ME).await;
    let mut w = c.online(&net).await;
    let out = NodeBuilder::new("remove-companion-device")
        .attr("jid", format!("{ME}:{}@s.whatsapp.net", c.n))
        .attr("reason", "user_initiated");
    w.send(&iq("set", "md", vec![out.build()])).await;
    w.until_closed().await;
    assert!(devices(&net.get(&format!("/accounts/{ME}")).await).is_empty());
}

#[tokio::test]
async fn a_resumption_works_and_one_for_another_network_begins_anew() {
    let net = Net::start().await;
    net.account(ME).await;
    let c = Companion::linked(&net, ME).await;
    let known = wharf_sandbox::keys::pub32(&net.sandbox.sim().noise.static_pair);
    let (mut w, resumed) = c.resume(&net, &known).await;
    assert!(resumed);
    w.until("success", |n| n.tag == "success").await;
    w.close().await;

    let stale = wharf_sandbox::keys::pub32(&Companion::new().noise);
    let (mut w, resumed) = c.resume(&net, &stale).await;
    assert!(!resumed);
    w.until("success", |n| n.tag == "success").await;

    let elsewhere = Net::start().await;
    let (mut w, _) = c.resume(&elsewhere, &known).await;
    let failure = w.until("failure", |n| n.tag == "failure").await;
    assert_eq!(text(&failure, "reason"), "401", "unknown there");
}
