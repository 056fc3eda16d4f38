//! `wharf listen`: the event log as it grows, printed and, with `--forward`, posted to a program on this machine as if it had
//! a webhook. What was printed and taken is written down after each event; a kill repeats at most the one in between.

mod feed;
mod forward;
mod pause;
mod place;

use super::Failure;
use crate::{cli, config::Config, gateway, out};
use anyhow::anyhow;
use feed::{Event, Feed};
use forward::Forward;
use place::Place;
use serde_json::json;
use wharf_domain::{system::SystemIds, webhooks::HookSecret};
use wharf_outbound::{Outbound, Policy};

/// In the data directory.
const STATE: &str = "listen.json";

pub async fn run(args: &cli::Listen, config: &Config, as_json: bool) -> Result<(), Failure> {
    let stop = gateway::asked_to_stop()?;
    tokio::select! {
        done = listen(args, config, as_json) => done,
        () = stop => Ok(()),
    }
}

async fn listen(args: &cli::Listen, config: &Config, as_json: bool) -> Result<(), Failure> {
    // Both addresses are the words of whoever runs the command: any is well.
    let client = Outbound::builder().policy(Policy::everywhere()).build()?;
    let mut feed = Feed::new(args, client.clone())?;
    let state = args
        .state
        .clone()
        .unwrap_or_else(|| config.data.join(STATE));
    let mut place = Place::take(state, args.api_url.trim_end_matches('/'))?;
    let secret = secret(args, &mut place)?;
    if let Some(url) = &args.forward {
        // Refused now, not at the first event.
        Policy::everywhere()
            .check(url)
            .map_err(|refused| Failure::Usage(anyhow!("--forward: {refused}")))?;
    }
    let mut after = match (args.after, place.after()?) {
        (Some(id), _) => id.to_string(),
        (None, Some(kept)) => kept,
        (None, None) => feed.newest().await?,
    };
    place.passed(&after)?;
    hello(args, &after, &secret, as_json)?;
    let forward = args
        .forward
        .clone()
        .map(|url| Forward::new(client, url, secret));
    loop {
        let page = feed.page(&after).await?;
        for event in &page.events {
            show(event, as_json);
            if let Some(forward) = &forward {
                forward.carry(event).await?;
            }
            place.passed(&event.id)?;
        }
        if let Some(last) = page.events.last() {
            after.clone_from(&last.id);
        }
    }
}

/// The caller's; or one that is made once and kept, so that the receiver is set up once.
fn secret(args: &cli::Listen, place: &mut Place) -> Result<HookSecret, Failure> {
    let wrong = |error: wharf_domain::Error| {
        Failure::Usage(anyhow!("--secret (WHARF_LISTEN_SECRET): {error}"))
    };
    if let Some(text) = &args.secret {
        return HookSecret::parse(text.trim()).map_err(wrong);
    }
    if place.kept.secret.is_empty() {
        place.kept.secret = HookSecret::fresh(&SystemIds::default()).text();
    }
    HookSecret::parse(&place.kept.secret).map_err(wrong)
}

/// What a script waits for, and what a person wants to know.
fn hello(
    args: &cli::Listen,
    after: &str,
    secret: &HookSecret,
    as_json: bool,
) -> Result<(), Failure> {
    if as_json {
        let secret = args.forward.is_some().then(|| secret.text());
        out::json(
            &json!({"ready": true, "after": after, "forward": args.forward, "secret": secret}),
        )?;
        return Ok(());
    }
    out::complain(format_args!(
        "Listening to {}. Ctrl-C ends it.",
        args.api_url
    ));
    if let Some(url) = &args.forward {
        out::complain(format_args!(
            "Forwarding to {url}, signed with\n{}",
            secret.text()
        ));
    }
    Ok(())
}

fn show(event: &Event, as_json: bool) {
    if as_json {
        return out::line(&event.text);
    }
    let seq = event.seq.map(|seq| format!("#{seq}")).unwrap_or_default();
    out::line(format_args!(
        "{}  {:<18}  {:<6}  {}  {}",
        time(event.timestamp),
        event.kind,
        seq,
        event.session,
        event.id
    ));
}

/// `14:03:07Z`.
fn time(at: i64) -> String {
    let seconds = at.div_euclid(1_000).rem_euclid(86_400);
    format!(
        "{:02}:{:02}:{:02}Z",
        seconds / 3_600,
        seconds / 60 % 60,
        seconds % 60
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_is_of_the_day() {
        assert_eq!(time(0), "00:00:00Z");
        assert_eq!(time(86_400_000 + 3_723_999), "01:02:03Z");
    }
}
