//! What a person sees: progress on standard error, and at the end a screen to act on.

use super::{Demo, record::PHONE};
use crate::out;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;
use std::time::Duration;

/// A line that says what is going on. Silent for scripts.
pub struct Progress(Option<ProgressBar>);

impl Progress {
    pub fn new(silent: bool) -> Self {
        if silent {
            return Self(None);
        }
        let bar = ProgressBar::new_spinner();
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
            bar.set_style(style);
        }
        bar.enable_steady_tick(Duration::from_millis(120));
        Self(Some(bar))
    }

    /// A new step begins; the one before stays on the screen as done.
    pub fn step(&self, what: &str) {
        if let Some(bar) = &self.0 {
            bar.suspend(|| out::complain(format_args!("• {what}")));
            bar.set_message(what.to_owned());
        }
    }

    /// So far.
    pub fn count(&self, what: &str, now: u64, all: u64) {
        if let Some(bar) = &self.0 {
            bar.set_message(format!("{what}: {now} of {all}"));
        }
    }

    pub fn done(&self) {
        if let Some(bar) = &self.0 {
            bar.finish_and_clear();
        }
    }
}

/// The addresses, the key, and three commands to try; for scripts one line.
pub fn show(demo: &Demo, as_json: bool) -> anyhow::Result<()> {
    let (api, hand, record) = (demo.gateway.url(), demo.network.sandbox_url(), &demo.record);
    if as_json {
        return out::json(&json!({
            "ready": true,
            "apiUrl": api,
            "dashboardUrl": null,
            "pid": std::process::id(),
            "apiKey": record.api_key,
            "organizationId": record.organization_id,
            "sessionId": record.session_id,
            "login": record.login,
            "sandboxUrl": hand,
            "chatUrl": demo.network.chat_url(),
            "caFile": demo.network.ca_file(),
        }));
    }
    let key = &record.api_key;
    out::line(format_args!("Wharf is running.\n"));
    out::line(format_args!(
        "  API            {api}/api/v1   (reference: {api}/docs)"
    ));
    out::line(format_args!("  API key        {key}"));
    out::line(format_args!("  organization   {}", record.organization_id));
    if let Some(login) = &record.login {
        out::line(format_args!(
            "  login          {} / {}",
            login.email, login.password
        ));
    }
    let Some(session) = record.session_id else {
        out::line(format_args!(
            "  phones         {hand}   (the simulated network's control API)\n\nNo session yet. Make one:\n"
        ));
        out::line(format_args!(
            "  curl -s -X POST -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' \\\n    -d '{{\"start\":true}}' {api}/api/v1/sessions"
        ));
        return Ok(());
    };
    out::line(format_args!(
        "  session        {session}   (+{PHONE}, working)"
    ));
    out::line(format_args!(
        "  phones         {hand}   (the simulated network's control API)\n\nTry:\n"
    ));
    out::line(format_args!(
        "  # the people this number knows\n  curl -s -H 'Authorization: Bearer {key}' '{api}/api/v1/sessions/{session}/contacts?limit=3'\n"
    ));
    out::line(format_args!(
        "  # write to the first of them who has a number\n  TO=$(curl -s -H 'Authorization: Bearer {key}' '{api}/api/v1/sessions/{session}/contacts?source=dm' | grep -o '\"phoneNumber\":\"[0-9][0-9]*\"' | head -1 | grep -o '[0-9]*')\n  curl -s -X POST -H 'Authorization: Bearer {key}' -H 'Content-Type: application/json' \\\n    -d \"{{\\\"type\\\":\\\"text\\\",\\\"to\\\":\\\"$TO\\\",\\\"text\\\":\\\"Hello from Wharf\\\"}}\" {api}/api/v1/sessions/{session}/messages\n"
    ));
    out::line(format_args!(
        "  # what that person's phone shows\n  curl -s {hand}/accounts/$TO/inbox\n"
    ));
    out::line("Ctrl-C stops it; the next run goes on from here.");
    Ok(())
}
