//! `/groups`: groups as their people change them.

use std::sync::Arc;

use axum::{
    Json, Router,
    extract::{Path, Query, State},
    http::StatusCode,
    routing::{delete, get, post},
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{
    change::{NewGroup, NewMember, parse_gid},
    members::Outcome,
    model::{Group, Role},
    tell::News,
};
use crate::{
    control::{body::Body, error::Refused},
    ids::Phone,
    iq::IqError,
    world::{Sim, World},
};

pub fn router() -> Router<Arc<Sim>> {
    Router::new()
        .route("/groups", post(create).get(list))
        .route("/groups/{gid}", get(show).patch(change))
        .route("/groups/{gid}/members", post(add))
        .route("/groups/{gid}/members/{phone}", delete(remove))
        .route("/groups/{gid}/promote", post(promote))
        .route("/groups/{gid}/demote", post(demote))
        .route("/groups/{gid}/requests", get(requests).post(ask))
        .route("/groups/{gid}/requests/approve", post(approve))
        .route("/groups/{gid}/requests/reject", post(reject))
}

impl From<IqError> for Refused {
    fn from(e: IqError) -> Self {
        let IqError::Refused(r) = e else {
            return Refused::from(anyhow::anyhow!("{e:#}"));
        };
        match r.code {
            401 => Refused::forbidden("not an admin of the group"),
            403 => Refused::forbidden("not a member of the group, or only its admins may"),
            404 | 410 => Refused::not_found("no such group"),
            406 => Refused::field("subject", "1 to 100 characters"),
            409 => Refused::conflict(r.text),
            419 => Refused::conflict("the group is full"),
            _ => Refused::bad(r.to_string()),
        }
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Create {
    subject: String,
    owner: Phone,
    members: Vec<Phone>,
    #[serde(default)]
    hide_numbers: bool,
    description: Option<String>,
    #[serde(default)]
    announce: bool,
    #[serde(default)]
    locked: bool,
    /// `lid` or `pn`; by LID unless the owner's account is of the old form.
    addressing: Option<Addressing>,
}

#[derive(Clone, Copy, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "lowercase")]
enum Addressing {
    Lid,
    Pn,
}

fn account(
    w: &World<'_>,
    field: &str,
    phone: Phone,
) -> Result<crate::world::account::Account, Refused> {
    w.account(phone)?
        .filter(|a| a.on_whatsapp)
        .ok_or_else(|| Refused::field(field, format!("{phone} is on no account")))
}

async fn create(
    State(sim): State<Arc<Sim>>,
    Body(b): Body<Create>,
) -> Result<(StatusCode, Json<Value>), Refused> {
    let group = sim.act(|w| {
        let owner = account(w, "owner", b.owner)?;
        for phone in &b.members {
            account(w, "members", *phone)?;
        }
        let by_lid = b
            .addressing
            .map_or(owner.lid_migrated, |a| a == Addressing::Lid);
        if b.hide_numbers && !by_lid {
            return Err(Refused::field(
                "hideNumbers",
                "a group addressed by number shows numbers",
            ));
        }
        let members = b.members.into_iter().map(NewMember::plain).collect();
        let mut new = NewGroup::plain(b.owner, b.subject, members);
        (new.by_lid, new.hide_numbers) = (by_lid, b.hide_numbers);
        (new.description, new.announce, new.locked) = (b.description, b.announce, b.locked);
        Ok::<_, Refused>(w.create_group(new)?)
    })?;
    Ok((StatusCode::CREATED, Json(json!({"groupJid": group.gid}))))
}

fn as_json(w: &World<'_>, g: &Group) -> Result<Value, Refused> {
    let members: Vec<Value> = w
        .group_members(&g.gid)?
        .iter()
        .map(|m| json!({"phone": m.who.phone, "lid": m.who.lid.jid().to_string(), "role": m.role.wire().unwrap_or("member"), "hidesNumber": m.who.hidden || g.hide_numbers}))
        .collect();
    let picture = w
        .group_picture(&g.gid)?
        .map(|(id, jpeg)| json!({"id": id, "size": jpeg.len()}));
    let description = g.description.as_ref().map_or("", |d| d.text.as_str());
    Ok(json!({
        "groupJid": g.gid, "subject": g.subject, "owner": g.owner, "description": description, "announce": g.announce,
        "locked": g.locked, "hideNumbers": g.hide_numbers, "approval": g.approval, "ephemeralSeconds": g.ephemeral,
        "picture": picture, "addressing": super::nodes::mode(g), "members": members,
    }))
}

async fn list(State(sim): State<Arc<Sim>>) -> Result<Json<Value>, Refused> {
    let groups = sim.act(|w| Ok::<_, Refused>(w.all_groups()?))?;
    let groups: Vec<Value> = groups
        .iter()
        .map(|(gid, subject, size)| json!({"groupJid": gid, "subject": subject, "size": size}))
        .collect();
    Ok(Json(Value::Array(groups)))
}

async fn show(
    State(sim): State<Arc<Sim>>,
    Path(gid): Path<String>,
) -> Result<Json<Value>, Refused> {
    sim.act(|w| {
        let g = find(w, &gid)?;
        as_json(w, &g).map(Json)
    })
}

fn find(w: &World<'_>, gid: &str) -> Result<Group, Refused> {
    let gid = parse_gid(gid).map_err(|e| Refused::bad(e.to_string()))?;
    w.group(&gid)?
        .ok_or_else(|| Refused::not_found("no such group"))
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Patch {
    /// Who does it; by default the first admin.
    by: Option<Phone>,
    subject: Option<String>,
    /// "" removes it.
    description: Option<String>,
    announce: Option<bool>,
    locked: Option<bool>,
    approval: Option<bool>,
    /// Nobody is told: it decides what the next answers and stanzas show.
    hide_numbers: Option<bool>,
}

async fn change(
    State(sim): State<Arc<Sim>>,
    Path(gid): Path<String>,
    Body(b): Body<Patch>,
) -> Result<Json<Value>, Refused> {
    sim.act(|w| {
        let g = find(w, &gid)?;
        let by = match b.by {
            Some(by) => by,
            None => w
                .group_members(&gid)?
                .first()
                .map(|m| m.who.phone)
                .ok_or_else(|| Refused::conflict("the group is empty"))?,
        };
        if let Some(subject) = &b.subject {
            w.set_group_subject(&gid, by, subject)?;
        }
        if let Some(text) = b.description {
            let prev = g.description.as_ref().map(|d| d.id.as_str());
            w.set_group_description(&gid, by, None, prev, Some(text).filter(|t| !t.is_empty()))?;
        }
        if let Some(on) = b.announce {
            let tag = if on {
                "announcement"
            } else {
                "not_announcement"
            };
            w.change_group(&gid, by, &News::Switch(tag), |g| g.announce = on)?;
        }
        if let Some(on) = b.locked {
            w.change_group(
                &gid,
                by,
                &News::Switch(if on { "locked" } else { "unlocked" }),
                |g| g.locked = on,
            )?;
        }
        if let Some(on) = b.approval {
            w.change_group(&gid, by, &News::Approval, |g| g.approval = on)?;
        }
        if let Some(hide) = b.hide_numbers {
            if hide && !g.by_lid {
                return Err(Refused::field(
                    "hideNumbers",
                    "a group addressed by number shows numbers",
                ));
            }
            let mut g = find(w, &gid)?;
            g.hide_numbers = hide;
            w.save_group(&g)?;
        }
        let g = find(w, &gid)?;
        as_json(w, &g).map(Json)
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct People {
    by: Phone,
    phones: Vec<Phone>,
}

type Change = fn(&mut World<'_>, &str, Phone, &[Phone]) -> Result<Vec<Outcome>, IqError>;

/// 200 with one line a person: `error` is the code WhatsApp puts beside who could not be changed.
fn each(sim: &Arc<Sim>, gid: &str, b: &People, change: Change) -> Result<Json<Value>, Refused> {
    sim.act(|w| {
        find(w, gid)?;
        let outcomes = change(w, gid, b.by, &b.phones)?;
        let lines: Vec<Value> = b
            .phones
            .iter()
            .zip(outcomes)
            .map(|(phone, error)| json!({"phone": phone, "error": error}))
            .collect();
        Ok(Json(json!({"results": lines})))
    })
}

async fn add(
    State(sim): State<Arc<Sim>>,
    Path(gid): Path<String>,
    Body(b): Body<People>,
) -> Result<Json<Value>, Refused> {
    each(&sim, &gid, &b, |w, gid, by, phones| {
        w.add_to_group(gid, by, phones)
    })
}

async fn promote(
    State(sim): State<Arc<Sim>>,
    Path(gid): Path<String>,
    Body(b): Body<People>,
) -> Result<Json<Value>, Refused> {
    each(&sim, &gid, &b, |w, gid, by, phones| {
        w.set_group_role(gid, by, phones, Role::Admin)
    })
}

async fn demote(
    State(sim): State<Arc<Sim>>,
    Path(gid): Path<String>,
    Body(b): Body<People>,
) -> Result<Json<Value>, Refused> {
    each(&sim, &gid, &b, |w, gid, by, phones| {
        w.set_group_role(gid, by, phones, Role::Member)
    })
}

#[derive(Deserialize)]
struct By {
    by: Option<String>,
}

/// `by` the person themselves: they leave.
async fn remove(
    State(sim): State<Arc<Sim>>,
    Path((gid, phone)): Path<(String, Phone)>,
    Query(q): Query<By>,
) -> Result<StatusCode, Refused> {
    sim.act(|w| {
        find(w, &gid)?;
        let by = q.by.ok_or_else(|| Refused::field("by", "missing"))?;
        let by: Phone = by
            .parse()
            .map_err(|_| Refused::field("by", "not a phone number"))?;
        if by == phone {
            w.leave_group(&gid, phone)?;
            return Ok(StatusCode::NO_CONTENT);
        }
        match w.remove_from_group(&gid, by, &[phone])?.first() {
            Some(None) => Ok(StatusCode::NO_CONTENT),
            Some(Some(404)) => Err(Refused::not_found("no such member")),
            _ => Err(Refused::forbidden("nobody removes the superadmin")),
        }
    })
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
struct Askers {
    phones: Vec<Phone>,
}

/// People follow the invite link of a group with approval.
async fn ask(
    State(sim): State<Arc<Sim>>,
    Path(gid): Path<String>,
    Body(b): Body<Askers>,
) -> Result<StatusCode, Refused> {
    sim.act(|w| {
        let g = find(w, &gid)?;
        if !g.approval {
            return Err(Refused::conflict(
                "the group lets everybody in who has its link",
            ));
        }
        for phone in b.phones {
            account(w, "phones", phone)?;
            if w.group_member(&gid, phone)?.is_some() {
                return Err(Refused::field("phones", format!("{phone} is a member")));
            }
            w.ask_to_join(&g, phone)?;
        }
        Ok(StatusCode::NO_CONTENT)
    })
}

async fn requests(
    State(sim): State<Arc<Sim>>,
    Path(gid): Path<String>,
) -> Result<Json<Value>, Refused> {
    sim.act(|w| {
        find(w, &gid)?;
        let Some(admin) = w.group_members(&gid)?.first().copied() else {
            return Ok(Json(json!([])));
        };
        let (_, asked) = w.join_requests(&gid, admin.who.phone)?;
        Ok(Json(
            asked
                .iter()
                .map(|a| json!({"phone": a.who.phone, "at": a.at * 1000}))
                .collect(),
        ))
    })
}

async fn approve(
    State(sim): State<Arc<Sim>>,
    Path(gid): Path<String>,
    Body(b): Body<People>,
) -> Result<Json<Value>, Refused> {
    each(&sim, &gid, &b, |w, gid, by, phones| {
        w.answer_requests(gid, by, phones, true)
    })
}

async fn reject(
    State(sim): State<Arc<Sim>>,
    Path(gid): Path<String>,
    Body(b): Body<People>,
) -> Result<Json<Value>, Refused> {
    each(&sim, &gid, &b, |w, gid, by, phones| {
        w.answer_requests(gid, by, phones, false)
    })
}
