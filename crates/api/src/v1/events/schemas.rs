//! The schema of every event in the OpenAPI document: one a type, told apart by `event`, each an envelope around the
//! schema of what its type says. The envelope's fields are [`super::Event`]'s.
//!
//! `LoggedEvent` is what the log holds, and thus what pull and webhooks tell; `Event` is all, as the WebSocket tells it.

use super::payloads::{
    AccountRestrictedPayload, CallPayload, ContactMergedPayload, ErasedPayload,
    GroupMembersPayload, LinkCodePayload, MessageReactionPayload, MessageStatusPayload,
    PasskeyPayload, PollVotePayload, PresencePayload, SessionStatusPayload, SyncedPayload,
    WebhookDisabledPayload, WebhookTestPayload,
};
use crate::v1::{
    admin::backfill::BackfillJob, chats::Chat, contacts::Contact, groups::Group,
    imports::ImportJob, messages::Message,
};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

type Schemas = Map<String, Value>;

/// What an event belongs to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Of {
    /// A session's log.
    Session,
    /// An organization's log, and no session.
    Organization,
    /// A session, told live and never logged.
    Live,
    /// One webhook, told when it is tested.
    Test,
}

/// A type of event.
struct Kind {
    name: &'static str,
    of: Of,
    about: &'static str,
    /// Adds the schema of what it says; its name.
    payload: fn(&mut Schemas) -> String,
}

const fn kind(
    name: &'static str,
    of: Of,
    about: &'static str,
    payload: fn(&mut Schemas) -> String,
) -> Kind {
    Kind {
        name,
        of,
        about,
        payload,
    }
}

/// The catalogue.
const KINDS: [Kind; 26] = [
    kind(
        "session.status",
        Of::Session,
        "A session's status changed.",
        says::<SessionStatusPayload>,
    ),
    kind(
        "session.synced",
        Of::Session,
        "Much was added at once.",
        says::<SyncedPayload>,
    ),
    kind(
        "message",
        Of::Session,
        "An incoming message.",
        says::<Message>,
    ),
    kind(
        "message.sent",
        Of::Session,
        "A message of this account, by the API or from the phone.",
        says::<Message>,
    ),
    kind(
        "message.status",
        Of::Session,
        "A send advanced, or failed.",
        says::<MessageStatusPayload>,
    ),
    kind(
        "message.edited",
        Of::Session,
        "A message has new words.",
        says::<Message>,
    ),
    kind(
        "message.deleted",
        Of::Session,
        "A message was deleted for everyone.",
        says::<Message>,
    ),
    kind(
        "message.reaction",
        Of::Session,
        "Somebody reacted, or took it back.",
        says::<MessageReactionPayload>,
    ),
    kind(
        "poll.vote",
        Of::Session,
        "Somebody voted.",
        says::<PollVotePayload>,
    ),
    kind("chat.updated", Of::Session, "A chat changed.", |schemas| {
        with::<Chat>(schemas, "ChatPayload", "chatId")
    }),
    kind(
        "chat.deleted",
        Of::Session,
        "A chat was deleted here.",
        |schemas| with::<Chat>(schemas, "ChatPayload", "chatId"),
    ),
    kind(
        "contact.updated",
        Of::Session,
        "A name, number or business name was learnt or changed.",
        |schemas| with::<Contact>(schemas, "ContactPayload", "contactId"),
    ),
    kind(
        "contact.merged",
        Of::Session,
        "Two rows turned out to be one person.",
        says::<ContactMergedPayload>,
    ),
    kind(
        "group.updated",
        Of::Session,
        "A group changed.",
        says::<Group>,
    ),
    kind(
        "group.members",
        Of::Session,
        "Members of a group came, left or changed rank.",
        says::<GroupMembersPayload>,
    ),
    kind(
        "call",
        Of::Session,
        "A call began or ended.",
        says::<CallPayload>,
    ),
    kind(
        "account.restricted",
        Of::Session,
        "WhatsApp limits or bans the account.",
        says::<AccountRestrictedPayload>,
    ),
    kind(
        "backfill.updated",
        Of::Session,
        "A pull of contacts and groups began or ended.",
        says::<BackfillJob>,
    ),
    kind(
        "import.updated",
        Of::Session,
        "An import advanced.",
        says::<ImportJob>,
    ),
    kind(
        "webhook.disabled",
        Of::Organization,
        "A webhook is told nothing any more.",
        says::<WebhookDisabledPayload>,
    ),
    kind(
        "auth.qr",
        Of::Live,
        "A QR code to link by. Needs `manage`, as all `auth.*`.",
        says::<LinkCodePayload>,
    ),
    kind(
        "auth.pairing_code",
        Of::Live,
        "A code to enter on the phone.",
        says::<LinkCodePayload>,
    ),
    kind(
        "auth.passkey",
        Of::Live,
        "WhatsApp asks for a passkey.",
        says::<PasskeyPayload>,
    ),
    kind(
        "auth.passkey_confirmation",
        Of::Live,
        "A code to compare with the phone's.",
        says::<LinkCodePayload>,
    ),
    kind(
        "presence",
        Of::Live,
        "Somebody came, went or types.",
        says::<PresencePayload>,
    ),
    kind(
        "webhook.test",
        Of::Test,
        "Told when a webhook is tested, to that one.",
        says::<WebhookTestPayload>,
    ),
];

/// The schema of a Rust type and of those it is made of, as the routes would add them.
fn says<T: ToSchema>(schemas: &mut Schemas) -> String {
    let mut found = vec![(T::name().into_owned(), T::schema())];
    T::schemas(&mut found);
    for (name, schema) in found {
        schemas
            .entry(name)
            .or_insert_with(|| serde_json::to_value(schema).unwrap_or_default());
    }
    T::name().into_owned()
}

/// The same with one more field, a row id.
fn with<T: ToSchema>(schemas: &mut Schemas, name: &str, id: &str) -> String {
    let of = says::<T>(schemas);
    let mut schema = schemas.get(&of).cloned().unwrap_or_default();
    if let Some(Value::Object(properties)) = schema.get_mut("properties") {
        let about = "Row id, which never changes.";
        let field = json!({"type": "integer", "format": "int64", "description": about});
        properties.insert(id.to_owned(), field);
    }
    if let Some(Value::Array(required)) = schema.get_mut("required") {
        required.push(id.into());
    }
    schemas.insert(name.to_owned(), schema);
    name.to_owned()
}

/// `message.sent` → `MessageSentEvent`.
fn title(kind: &str) -> String {
    let mut title: String = kind
        .split(['.', '_'])
        .flat_map(|word| {
            let mut letters = word.chars();
            let first = letters.next().map(|letter| letter.to_ascii_uppercase());
            first.into_iter().chain(letters)
        })
        .collect();
    title.push_str("Event");
    title
}

fn pointer(name: &str) -> Value {
    json!({"$ref": format!("#/components/schemas/{name}")})
}

/// A ULID in Crockford's base 32.
fn id(prefix: &str) -> String {
    format!("^{prefix}_[0-7][0-9A-HJKMNP-TV-Z]{{25}}$")
}

/// An envelope's field, its description kept.
fn field(schema: &mut Value, name: &str, says: Value) {
    let Some(field) = schema.pointer_mut(&format!("/properties/{name}")) else {
        return;
    };
    let about = field.get("description").cloned();
    *field = says;
    if let (Some(field), Some(about)) = (field.as_object_mut(), about) {
        field.insert("description".to_owned(), about);
    }
}

impl Kind {
    /// From the schema of any envelope.
    fn schema(&self, envelope: &Value, schemas: &mut Schemas) -> Value {
        let mut schema = envelope.clone();
        let payload = pointer(&(self.payload)(schemas));
        let text = |constant: &str| json!({"type": "string", "const": constant});
        let like = |prefix: &str| json!({"type": "string", "pattern": id(prefix)});
        let (live, in_session) = (
            self.of == Of::Live,
            matches!(self.of, Of::Session | Of::Live),
        );
        field(&mut schema, "schema", text("v1"));
        field(&mut schema, "event", text(self.name));
        field(&mut schema, "organization", like("org"));
        field(&mut schema, "id", if live { text("") } else { like("evt") });
        field(
            &mut schema,
            "session",
            if in_session { like("sess") } else { text("") },
        );
        let seq = match self.of {
            Of::Session => json!({"type": "integer", "format": "int64", "minimum": 1}),
            _ => json!({"type": "null"}),
        };
        field(&mut schema, "seq", seq);
        let payload = match self.of {
            Of::Session => json!({"oneOf": [payload, pointer(&says::<ErasedPayload>(schemas))]}),
            _ => payload,
        };
        field(&mut schema, "payload", payload);
        if let Some(fields) = schema.as_object_mut() {
            // `schema` says when there is another.
            fields.insert("additionalProperties".to_owned(), false.into());
            fields.insert("description".to_owned(), self.about.into());
        }
        schema
    }
}

/// One of these, told apart by `event`.
fn one_of<'a>(about: &str, kinds: impl Iterator<Item = &'a Kind>) -> Value {
    let mapping: Map<String, Value> = kinds
        .map(|kind| {
            let to = format!("#/components/schemas/{}", title(kind.name));
            (kind.name.to_owned(), to.into())
        })
        .collect();
    let these: Vec<Value> = mapping.values().map(|to| json!({"$ref": to})).collect();
    json!({
        "description": about,
        "oneOf": these,
        "discriminator": {"propertyName": "event", "mapping": mapping},
    })
}

/// What a receiver of webhooks is sent.
fn webhook() -> Value {
    let header = |name: &str, about: &str| json!({"name": name, "in": "header", "required": true, "description": about, "schema": {"type": "string"}});
    json!({"event": {"post": {
        "operationId": "receiveEvent",
        "tags": ["webhooks"],
        "summary": "What a webhook's receiver is sent",
        "description": "Signed as Standard Webhooks: verify it, forget what you have seen by `webhook-id`, and answer \
            within 15 s. Types and fields may be added: pass over those you do not know.",
        "parameters": [
            header("webhook-id", "The event's id, the same on every attempt."),
            header("webhook-timestamp", "Seconds since 1970, of this attempt."),
            header("webhook-signature", "`v1,` and the base64 HMAC-SHA256 of `id.timestamp.body`; two, with a space \
                between them, for a day after a rotation."),
        ],
        "requestBody": {"required": true, "content": {"application/json": {"schema": {
            "anyOf": [pointer("LoggedEvent"), pointer(&title("webhook.test"))],
        }}}},
        "responses": {
            "2XX": {"description": "Taken."},
            "410": {"description": "Gone for good: the webhook is disabled at once."},
            "default": {"description": "Tried again later; see `retryPolicy`."},
        },
        "security": [],
    }}})
}

/// Adds all of them.
pub fn add(document: &mut Value) {
    if let Some(Value::Object(schemas)) = document.pointer_mut("/components/schemas") {
        let envelope = schemas.get("Event").cloned().unwrap_or_default();
        for kind in &KINDS {
            let schema = kind.schema(&envelope, schemas);
            schemas.insert(title(kind.name), schema);
        }
        let told = KINDS.iter().filter(|kind| kind.of != Of::Test);
        let logged = told.clone().filter(|kind| kind.of != Of::Live);
        let about = "One event of the log, the same JSON on every way out. Types and fields may be added: pass over those you \
            do not know.";
        schemas.insert("LoggedEvent".to_owned(), one_of(about, logged));
        let about = "One event, logged or told live only. Types and fields may be added: pass over those you do not know.";
        schemas.insert("Event".to_owned(), one_of(about, told));
        if let Some(items) = schemas
            .get_mut("Events")
            .and_then(|page| page.pointer_mut("/properties/data/items"))
        {
            *items = pointer("LoggedEvent");
        }
        // Nothing else is ever in that place.
        let erased = json!({"type": "boolean", "const": true, "description": "Always so."});
        if let Some(shape) = schemas.get_mut("ErasedPayload") {
            field(shape, "erased", erased);
            if let Some(shape) = shape.as_object_mut() {
                shape.insert("additionalProperties".to_owned(), false.into());
            }
        }
    }
    if let Some(fields) = document.as_object_mut() {
        fields.insert("webhooks".to_owned(), webhook());
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use wharf_domain::log::kinds::{LIVE, LOGGED};

    #[test]
    fn every_type_of_the_catalogue_has_a_schema() {
        let document = crate::router::describe();
        let schemas = &document["components"]["schemas"];
        let of = |name: &str| -> BTreeSet<String> {
            let mapping = schemas[name]["discriminator"]["mapping"]
                .as_object()
                .unwrap();
            for (kind, to) in mapping {
                let schema = document.pointer(&to.as_str().unwrap()[1..]).unwrap();
                assert_eq!(schema["properties"]["event"]["const"], **kind);
                assert_eq!(schema["required"].as_array().unwrap().len(), 8);
            }
            mapping.keys().cloned().collect()
        };
        let names = |lists: &[&[&str]]| -> BTreeSet<String> {
            lists.concat().into_iter().map(str::to_owned).collect()
        };
        assert_eq!(of("LoggedEvent"), names(&[&LOGGED]));
        assert_eq!(of("Event"), names(&[&LOGGED, &LIVE]));
    }
}
