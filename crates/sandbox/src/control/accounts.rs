//! `/accounts`: numbers with their phones; what a person does with the phone itself.

use std::{sync::Arc, time::Duration};

use axum::{
    Json, Router,
    extract::{Path, State},
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::{delete, get, post},
};
use base64::{Engine, prelude::BASE64_STANDARD as B64};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{body::Body, error::Refused};
use crate::{
    ids::{Lid, Phone},
    people::inbox::Entry,
    phone::{
        linkcode::{self, CodeError},
        pairing::{Linking, Qr, ScanError},
        passkey,
    },
    world::{
        Sim, World,
        account::{Account, NewAccount},
    },
};

/// A real client signs within milliseconds; this is for one under a debugger.
const SIGNS_WITHIN: Duration = Duration::from_secs(15);

pub fn router() -> Router<Arc<Sim>> {
    Router::new()
        .route("/accounts", get(list).post(create))
        .route("/accounts/{phone}", get(show))
        .route("/accounts/{phone}/scan", post(scan))
        .route("/accounts/{phone}/enter-code", post(enter_code))
        .route("/accounts/{phone}/devices/{n}", delete(unlink))
        .route("/accounts/{phone}/inbox", get(inbox))
        .route("/accounts/{phone}/profile", post(profile))
}

/// The account a path names, or 404.
pub fn account(w: &World<'_>, phone: &str) -> Result<Account, Refused> {
    let parsed: Phone = phone
        .parse()
        .map_err(|e| Refused::field("phone", format!("{e}")))?;
    w.account(parsed)?
        .ok_or_else(|| Refused::not_found(format!("no account {phone}")))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct View {
    phone: Phone,
    lid: String,
    name: String,
    about: String,
    business: bool,
    lid_migrated: bool,
    #[serde(rename = "onWhatsApp")]
    on_whatsapp: bool,
    picture_id: Option<String>,
    devices: Vec<DeviceView>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DeviceView {
    n: u16,
    jid: String,
    platform: String,
    connected: bool,
    prekeys: usize,
    waiting: u32,
}

fn view(w: &World<'_>, a: Account) -> Result<View, Refused> {
    let mut devices = Vec::new();
    for d in w.devices(a.phone)? {
        devices.push(DeviceView {
            n: d.addr.n,
            jid: d.addr.pn_jid().to_string(),
            platform: d.platform,
            connected: w.is_online(d.addr),
            prekeys: w.prekeys(d.addr)?.len(),
            waiting: w.waiting_by_class(d.addr)?.iter().map(|(_, n)| n).sum(),
        });
    }
    Ok(bare(a, devices))
}

fn bare(a: Account, devices: Vec<DeviceView>) -> View {
    View {
        phone: a.phone,
        lid: a.lid_jid().to_string(),
        name: a.name,
        about: a.about,
        business: a.business,
        lid_migrated: a.lid_migrated,
        on_whatsapp: a.on_whatsapp,
        picture_id: a.picture_id,
        devices,
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Create {
    phone: Phone,
    name: String,
    lid: Option<String>,
    #[serde(default)]
    business: bool,
    #[serde(default)]
    about: String,
    picture: Option<String>,
    #[serde(rename = "onWhatsApp")]
    on_whatsapp: Option<bool>,
    lid_migrated: Option<bool>,
    /// Linked only with the account's passkey.
    #[serde(default)]
    passkey: bool,
}

fn jpeg(b64: &str) -> Result<Vec<u8>, Refused> {
    let data = b64.rsplit(',').next().unwrap_or_default();
    B64.decode(data)
        .map_err(|_| Refused::field("picture", "base64 of a JPEG"))
}

async fn create(
    State(sim): State<Arc<Sim>>,
    Body(b): Body<Create>,
) -> Result<impl IntoResponse, Refused> {
    let lid: Option<Lid> = b
        .lid
        .map(|l| l.parse().map_err(|e| Refused::field("lid", format!("{e}"))))
        .transpose()?;
    let picture = b.picture.as_deref().map(jpeg).transpose()?;
    let passkey = b.passkey.then(passkey::Rule::default);
    let new = NewAccount {
        phone: b.phone,
        lid,
        name: b.name,
        about: b.about,
        business: b.business,
        lid_migrated: b.lid_migrated.unwrap_or(true),
        on_whatsapp: b.on_whatsapp.unwrap_or(true),
    };
    let out = sim.act(|w| {
        if w.account(new.phone)?.is_some() {
            return Err(Refused::conflict(format!(
                "phone {} has an account already",
                new.phone
            )));
        }
        if let Some(l) = new.lid
            && w.account_by_lid(l)?.is_some()
        {
            return Err(Refused::conflict(format!("lid {l} is taken")));
        }
        let mut a = w.add_account(new)?;
        w.set_passkey(a.phone, passkey)?;
        if let Some(p) = &picture {
            a.picture_id = w.set_picture(a.phone, Some(p))?;
        }
        view(w, a)
    })?;
    Ok((StatusCode::CREATED, Json(out)))
}

/// Every account. A populated world has very many; their devices are looked up only where there are any.
async fn list(State(sim): State<Arc<Sim>>) -> Result<impl IntoResponse, Refused> {
    let all: Vec<View> = sim.act(|w| {
        let linked = w.linked_phones()?;
        let view = |a: Account| {
            if linked.contains(&a.phone) {
                view(w, a)
            } else {
                Ok(bare(a, Vec::new()))
            }
        };
        w.accounts()?
            .into_iter()
            .map(view)
            .collect::<Result<_, Refused>>()
    })?;
    Ok(Json(json!({"data": all})))
}

async fn show(
    State(sim): State<Arc<Sim>>,
    Path(phone): Path<String>,
) -> Result<impl IntoResponse, Refused> {
    sim.act(|w| {
        let a = account(w, &phone)?;
        view(w, a)
    })
    .map(Json)
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Scan {
    qr: String,
}

impl From<ScanError> for Refused {
    fn from(e: ScanError) -> Self {
        match e {
            ScanError::BadQr(why) => Refused::field("qr", why),
            ScanError::Expired | ScanError::Refused(_) => Refused::conflict(e.to_string()),
            ScanError::Other(e) => e.into(),
        }
    }
}

async fn scan(
    State(sim): State<Arc<Sim>>,
    Path(phone): Path<String>,
    Body(b): Body<Scan>,
) -> Result<Response, Refused> {
    let qr = Qr::parse(&b.qr)?;
    let wait = sim.act(|w| {
        let a = account(w, &phone)?;
        w.scan(a.phone, &qr).map_err(Refused::from)
    })?;
    linked(wait).await
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct EnterCode {
    code: String,
}

impl From<CodeError> for Refused {
    fn from(e: CodeError) -> Self {
        match e {
            CodeError::Malformed => Refused::field("code", e.to_string()),
            CodeError::NobodyAsks | CodeError::Expired => Refused::conflict(e.to_string()),
            CodeError::Other(e) => e.into(),
        }
    }
}

async fn enter_code(
    State(sim): State<Arc<Sim>>,
    Path(phone): Path<String>,
    Body(b): Body<EnterCode>,
) -> Result<Response, Refused> {
    let code = linkcode::normalized(&b.code)?;
    let (phone, wrapped, rule) = sim.act(|w| {
        let a = account(w, &phone)?;
        let wrapped = w.code_asked(a.phone)?;
        Ok::<_, Refused>((a.phone, wrapped, w.passkey_rule(a.phone)?))
    })?;
    if let Some(rule) = rule.filter(|rule| rule.early) {
        sim.act(|w| w.passkey_at_once(phone, rule.timeout_ms))?;
        return linked(None).await;
    }
    let primary = tokio::task::spawn_blocking(move || linkcode::typed(&code, &wrapped))
        .await
        .map_err(|e| Refused::from(anyhow::Error::from(e)))??;
    let opened = sim.act(|w| w.primary_hello(phone, primary))?;
    match tokio::time::timeout(SIGNS_WITHIN, opened).await {
        Ok(Ok(Ok(signed))) => linked(signed).await,
        Ok(Ok(Err(e))) => Err(ScanError::Refused(format!("{e:#}")).into()),
        Ok(Err(_)) => Err(ScanError::Refused("its connection ended".into()).into()),
        Err(_) => Err(ScanError::Refused("no answer in time; is the code right?".into()).into()),
    }
}

/// Waits for the companion's signature, unless a passkey is demanded of it first.
async fn linked(linking: Linking) -> Result<Response, Refused> {
    let Some(wait) = linking else {
        let demanded = Json(json!({"passkey": "demanded"}));
        return Ok((StatusCode::ACCEPTED, demanded).into_response());
    };
    match tokio::time::timeout(SIGNS_WITHIN, wait).await {
        Ok(Ok(Ok(d))) => {
            let linked = json!({"device": d.n, "jid": d.pn_jid().to_string()});
            Ok(Json(linked).into_response())
        }
        Ok(Ok(Err(e))) => Err(ScanError::Refused(format!("{e:#}")).into()),
        Ok(Err(_)) => Err(ScanError::Refused("its connection ended".into()).into()),
        Err(_) => Err(ScanError::Refused("no answer in time".into()).into()),
    }
}

async fn unlink(
    State(sim): State<Arc<Sim>>,
    Path((phone, n)): Path<(String, u16)>,
) -> Result<StatusCode, Refused> {
    sim.act(|w| {
        let a = account(w, &phone)?;
        if n == 0 {
            return Err(Refused::bad("device 0 is the phone itself"));
        }
        if w.unlink(a.phone.device(n))? {
            Ok(StatusCode::NO_CONTENT)
        } else {
            Err(Refused::not_found(format!("no device {n}")))
        }
    })
}

async fn inbox(
    State(sim): State<Arc<Sim>>,
    Path(phone): Path<String>,
) -> Result<Json<Vec<Entry>>, Refused> {
    sim.act(|w| {
        let a = account(w, &phone)?;
        Ok(Json(w.inbox(a.phone)?))
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Profile {
    name: Option<String>,
    about: Option<String>,
    picture: Option<String>,
}

async fn profile(
    State(sim): State<Arc<Sim>>,
    Path(phone): Path<String>,
    Body(b): Body<Profile>,
) -> Result<impl IntoResponse, Refused> {
    let picture = b
        .picture
        .as_deref()
        .map(|p| {
            if p.is_empty() {
                Ok(None)
            } else {
                jpeg(p).map(Some)
            }
        })
        .transpose()?;
    sim.act(|w| {
        let a = account(w, &phone)?;
        w.set_profile(a.phone, b.name.as_deref(), b.about.as_deref())?;
        if b.name.is_some_and(|name| name != a.name) {
            w.author_push_name(a.phone)?;
        }
        if let Some(p) = &picture {
            let id = w.set_picture(a.phone, p.as_deref())?;
            w.tell_picture(&a, id.as_deref())?;
        }
        let was = a.about;
        let a = account(w, &phone)?;
        if a.about != was {
            w.tell_about(&a)?;
        }
        view(w, a)
    })
    .map(Json)
}
