//! A backup of WhatsApp for Android, imported over HTTP.

mod bad;
#[path = "builder.rs"]
pub mod builder;
mod good;

use crate::harness::{Answer, OWN, Session, TestApp, until};
use builder::{Builder, KEY, seal};
use reqwest::{
    Method,
    multipart::{Form, Part},
};
use serde_json::Value;

const SOFIA: &str = "628990000011@s.whatsapp.net";
const SOFIA_LID: &str = "205227043110011@lid";
const TEAM: &str = "120363000000000077@g.us";

/// A database made by `fill`, sealed for the number of the session.
pub fn backup(fill: impl FnOnce(&Builder)) -> Vec<u8> {
    seal(&plain(fill), &OWN[OWN.len() - 2..], true)
}

fn plain(fill: impl FnOnce(&Builder)) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("msgstore.db");
    fill(&Builder::new(&path));
    std::fs::read(path).unwrap()
}

pub async fn post(app: &TestApp, session: &Session, file: Vec<u8>, key: &str) -> Answer {
    let form = Form::new()
        .part("file", Part::bytes(file).file_name("msgstore.db.crypt15"))
        .text("key", key.to_owned());
    let path = session.path("/imports");
    let request = app.api.request(Method::POST, &path).multipart(form);
    crate::harness::Door::send(request).await
}

/// The job once it is over.
pub async fn over(app: &TestApp, session: &Session, job: &Value) -> Value {
    let path = session.path(&format!("/imports/{}", job["id"].as_str().unwrap()));
    until("the import to be over", || async {
        let job = app.api.get(&path).await.well();
        (job["status"] != "running").then_some(job)
    })
    .await
}

/// The folder of imports is cleared once the end of the last one is recorded.
async fn nothing_is_left(app: &TestApp) {
    let folder = app.data().join("imports");
    until("the folder of imports to be empty", || async {
        let left = std::fs::read_dir(&folder).unwrap().count();
        (left == 0).then_some(())
    })
    .await;
}
