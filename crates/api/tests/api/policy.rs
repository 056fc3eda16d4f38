//! Every operation of the OpenAPI document × every kind of caller, against one table. A new operation must be entered here
//! before the tests are green.
//!
//! What is asked is who is let in, not what then happens: each is asked with an empty body about things that are not
//! there, and 401 and 403 are the only ways to be kept out.

use crate::harness::{
    TestApi,
    tokens::{Signer, issuer},
};
use Who::{Anybody, AtLeast, Can, Metrics, Person, Resident, SuperAdmin};
use serde_json::json;
use std::collections::BTreeMap;
use wharf_domain::ports::store::StoreExt;
use wharf_types::{
    Capability::{self, Manage, Read, Send},
    OrgId,
    Role::{self, Admin, Member, Owner},
};

/// Who is let in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Who {
    /// Without any credential.
    Anybody,
    /// Whoever has the capability: keys and people.
    Can(Capability),
    /// Anybody with a login token.
    Person,
    /// Anybody with a login token of ours.
    Resident,
    /// A person with this role or a higher one in the organization of the path.
    AtLeast(Role),
    /// A person with the platform role.
    SuperAdmin,
    /// Whoever manages an organization or the platform.
    Metrics,
}

#[rustfmt::skip]
const TABLE: &[(&str, Who)] = &[
    ("listSessions", Can(Manage)),
    ("createSession", Can(Manage)),
    ("getSession", Can(Manage)),
    ("updateSession", Can(Manage)),
    ("deleteSession", Can(Manage)),
    ("sessionMe", Can(Manage)),
    ("sessionQr", Can(Manage)),
    ("sessionPairingCode", Can(Manage)),
    ("getPasskey", Can(Manage)),
    ("assertPasskey", Can(Manage)),
    ("confirmPasskey", Can(Manage)),
    ("cancelPasskey", Can(Manage)),
    ("startSession", Can(Manage)),
    ("stopSession", Can(Manage)),
    ("restartSession", Can(Manage)),
    ("logoutSession", Can(Manage)),
    ("listContacts", Can(Read)),
    ("checkContact", Can(Read)),
    ("checkContacts", Can(Read)),
    ("listBlocked", Can(Read)),
    ("getContact", Can(Read)),
    ("getContactPicture", Can(Read)),
    ("getContactAbout", Can(Read)),
    ("blockContact", Can(Send)),
    ("unblockContact", Can(Send)),
    ("eraseContact", Can(Manage)),
    ("listChats", Can(Read)),
    ("getChat", Can(Read)),
    ("listChatMessages", Can(Read)),
    ("updateChat", Can(Send)),
    ("deleteChat", Can(Send)),
    ("readChat", Can(Send)),
    ("sendReceipts", Can(Send)),
    ("setChatPresence", Can(Send)),
    ("subscribePresence", Can(Send)),
    ("setPresence", Can(Send)),
    ("rejectCall", Can(Send)),
    ("searchMessages", Can(Read)),
    ("sendMessage", Can(Send)),
    ("downloadMedia", Can(Read)),
    ("uploadMedia", Can(Send)),
    ("beginImport", Can(Manage)),
    ("getImport", Can(Manage)),
    ("resumeImport", Can(Manage)),
    ("getMessage", Can(Read)),
    ("editMessage", Can(Send)),
    ("revokeMessage", Can(Send)),
    ("forwardMessage", Can(Send)),
    ("reactMessage", Can(Send)),
    ("removeReaction", Can(Send)),
    ("voteMessage", Can(Send)),
    ("listOutbox", Can(Send)),
    ("getOutbox", Can(Send)),
    ("cancelOutbox", Can(Send)),
    ("listApiKeys", Can(Manage)),
    ("createApiKey", Can(Manage)),
    ("revokeApiKey", Can(Manage)),
    ("listEvents", Can(Read)),
    ("createRealtimeTicket", Can(Read)),
    ("connectRealtime", Can(Read)),
    ("listChannels", Can(Read)),
    ("createChannel", Can(Send)),
    ("listChannelMessages", Can(Read)),
    ("followChannel", Can(Send)),
    ("unfollowChannel", Can(Send)),
    ("muteChannel", Can(Send)),
    ("listWebhooks", Can(Manage)),
    ("createWebhook", Can(Manage)),
    ("getWebhook", Can(Manage)),
    ("updateWebhook", Can(Manage)),
    ("deleteWebhook", Can(Manage)),
    ("rotateWebhook", Can(Manage)),
    ("testWebhook", Can(Manage)),
    ("replayWebhook", Can(Manage)),
    ("listDeliveries", Can(Manage)),
    ("retryDelivery", Can(Manage)),
    ("listGroups", Can(Read)),
    ("getGroup", Can(Read)),
    ("listGroupMembers", Can(Read)),
    ("createGroup", Can(Send)),
    ("updateGroup", Can(Send)),
    ("getGroupInvite", Can(Read)),
    ("revokeGroupInvite", Can(Send)),
    ("addGroupMembers", Can(Send)),
    ("removeGroupMember", Can(Send)),
    ("promoteGroupMember", Can(Send)),
    ("demoteGroupMember", Can(Send)),
    ("listJoinRequests", Can(Read)),
    ("approveGroupMembers", Can(Send)),
    ("rejectGroupMembers", Can(Send)),
    ("leaveGroup", Can(Send)),
    ("joinGroup", Can(Send)),
    ("setGroupPicture", Can(Send)),
    ("removeGroupPicture", Can(Send)),
    ("logIn", Anybody),
    ("refreshLogin", Anybody),
    ("logOut", Anybody),
    ("acceptInvitation", Anybody),
    ("listAllSessions", SuperAdmin),
    ("startBackfill", SuperAdmin),
    ("getBackfill", SuperAdmin),
    ("listGateways", SuperAdmin),
    ("drainGateway", SuperAdmin),
    ("listAudit", SuperAdmin),
    ("listClaims", SuperAdmin),
    ("bindClaim", SuperAdmin),
    ("unbindClaim", SuperAdmin),
    ("listOrganizations", Person),
    ("createOrganization", Resident),
    ("getOrganization", AtLeast(Member)),
    ("updateOrganization", AtLeast(Admin)),
    ("deleteOrganization", AtLeast(Owner)),
    ("listMembers", AtLeast(Member)),
    ("inviteMember", AtLeast(Admin)),
    ("updateMember", AtLeast(Admin)),
    ("removeMember", AtLeast(Member)),
    ("exportOrganization", AtLeast(Admin)),
    ("listInvitations", AtLeast(Admin)),
    ("withdrawInvitation", AtLeast(Admin)),
    ("whoAmI", Person),
    ("changePassword", Resident),
    ("ownJwks", Anybody),
    ("livez", Anybody),
    ("readyz", Anybody),
    ("metrics", Metrics),
];

/// Somebody who calls.
struct Caller {
    name: String,
    token: String,
    capabilities: Vec<Capability>,
    /// By a login token: of another issuer, or of ours.
    person: Option<bool>,
    role: Option<Role>,
    super_admin: bool,
}

impl Caller {
    fn may(&self, who: Who) -> bool {
        match who {
            Anybody => true,
            Can(needed) => self.capabilities.contains(&needed),
            Person => self.person.is_some(),
            Resident => self.person == Some(true),
            AtLeast(role) => self.role >= Some(role),
            SuperAdmin => self.super_admin,
            Metrics => self.super_admin || self.capabilities.contains(&Manage),
        }
    }
}

const ROLES: [(&str, &[Capability]); 3] = [
    ("member", &[Read, Send]),
    ("admin", &[Read, Send, Manage]),
    ("owner", &[Read, Send, Manage]),
];

/// Every kind of caller there is; the third thing is whether they have an organization.
async fn callers(api: &TestApi, other: wharf_types::SessionId) -> Vec<Caller> {
    let mut callers = Vec::new();
    let key = |name: String, token: String, capabilities: &[Capability]| Caller {
        name,
        token,
        capabilities: capabilities.to_vec(),
        person: None,
        role: None,
        super_admin: false,
    };
    for capability in [Read, Send, Manage] {
        let token = api.key_of(api.org, &[capability], &[]).await;
        callers.push(key(
            format!("a key with {capability:?}"),
            token,
            &[capability],
        ));
        let token = api.key_of(api.org, &[capability], &[other]).await;
        let name = format!("a key with {capability:?} limited to another session");
        callers.push(key(name, token, &[capability]));
    }
    let signer = Signer::ed("ed", 1);
    api.issuers.publish("a", &[&signer]);
    let org = api.org;
    let bound = api
        .domain
        .store
        .write(move |tx| tx.bind_org(&org, "https://a", "acme"));
    bound.await.unwrap();
    let claims = json!({"iss": "https://a", "aud": "wharf", "sub": "u1", "exp": 1_800_000_300, "org": "acme"});
    for (role, capabilities) in ROLES {
        let mut claims = claims.clone();
        claims["role"] = json!(role);
        callers.push(Caller {
            name: format!("another issuer's {role}"),
            token: signer.sign(&claims),
            capabilities: capabilities.to_vec(),
            person: Some(false),
            role: Role::parse(role),
            super_admin: false,
        });
        callers.push(Caller {
            name: format!("our {role}"),
            token: api.person(role, false).await,
            capabilities: capabilities.to_vec(),
            person: Some(true),
            role: Role::parse(role),
            super_admin: false,
        });
    }
    let mut admin = claims.clone();
    admin["platform"] = json!("super_admin");
    callers.push(Caller {
        name: "another issuer's super_admin without a role".to_owned(),
        token: signer.sign(&admin),
        capabilities: Vec::new(),
        person: Some(false),
        role: None,
        super_admin: true,
    });
    callers.push(Caller {
        name: "our super_admin, a member".to_owned(),
        token: api.person("member", true).await,
        capabilities: vec![Read, Send],
        person: Some(true),
        role: Some(Member),
        super_admin: true,
    });
    callers
}

#[tokio::test]
async fn who_may_do_what() {
    let mut config = issuer("a");
    config.platform_role_claim = Some("platform".to_owned());
    let api = TestApi::with_issuers(vec![config]).await;
    let second = api.domain.create_organization("second").await.unwrap();
    let (foreign, other) = (api.session(second.id).await, api.session(api.org).await);
    let unseen = api.session(api.org).await;
    let callers = callers(&api, other.id).await;
    let mut table: BTreeMap<&str, Who> = TABLE.iter().copied().collect();
    assert_eq!(
        table.len(),
        TABLE.len(),
        "an operation stands twice in the table"
    );
    let document = wharf_api::describe();
    for (pattern, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let id = operation["operationId"].as_str().unwrap();
            let who = table
                .remove(id)
                .unwrap_or_else(|| panic!("{id} is not in the table"));
            let about = |org: OrgId| {
                let path = match who {
                    AtLeast(_) => pattern.replace("{id}", &org.to_string()),
                    _ => pattern.clone(),
                };
                let path = path.replace("{session}", &foreign.id.to_string());
                format!("/{}", path.replace(['{', '}'], ""))
            };
            let (method, path) = (method.to_uppercase(), about(second.id));
            let documented = &operation["security"];
            let api_path = pattern.starts_with("/api/v1/");
            assert_eq!(*documented == json!([]), api_path && who == Anybody, "{id}");
            if who != Anybody {
                api.ask(&method, &path).go().await.is(401, "unauthorized");
                let unknown = format!("wa_{}", "A".repeat(47));
                for bad in ["x", "a.b.c", &unknown] {
                    let answer = api.ask(&method, &path).bearer(bad).go().await;
                    answer.is(401, "unauthorized");
                }
            }
            for caller in &callers {
                let at = format!("{id} by {}", caller.name);
                let answer = api.ask(&method, &path).bearer(&caller.token).go().await;
                let status = answer.status.as_u16();
                if matches!(who, AtLeast(_)) && caller.person.is_some() {
                    // Nobody's business is another's organization; in their own they may or may not.
                    assert_eq!(status, 404, "{at}: another organization");
                    if !caller.may(who) && caller.role.is_some() {
                        let own = api.ask(&method, &about(api.org)).bearer(&caller.token);
                        own.go().await.is(403, "forbidden");
                    }
                } else if !caller.may(who) {
                    answer.is(403, "forbidden");
                } else if pattern.contains("{session}") && matches!(who, Can(_)) {
                    assert_eq!(status, 404, "{at}: another organization's session");
                    if caller.name.contains("limited") {
                        let path = about(second.id)
                            .replace(&foreign.id.to_string(), &unseen.id.to_string());
                        let hidden = api.ask(&method, &path).bearer(&caller.token).go().await;
                        assert_eq!(hidden.status, 404, "{at}: a session it is not for");
                    }
                } else {
                    // Let in; what is wrong with an empty request is another test's business.
                    let limited = id == "createSession" && caller.name.contains("limited");
                    assert_eq!(status == 403, limited, "{at}: {status}");
                    assert!(![401, 500].contains(&status), "{at}: {status}");
                }
            }
        }
    }
    assert!(table.is_empty(), "no longer there: {table:?}");
}
