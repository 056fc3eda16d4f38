//! People for a benchmark: as facts, through the same door as history.
//!
//! Names in several scripts from a small vocabulary. Every even person has a direct chat, every odd one is in a
//! group: so a text that only odd people carry, combined with `source=dm`, is the least favourable correlation
//! there is, two long lists that never meet.

use wharf_domain::inbound::{
    ChatState, InChat, InGroup, InMember, InMessage, Inbound, MessageExtra, NameSource, Origin,
    Seen,
};
use wharf_types::{GroupJid, Lid, Phone};

/// Members of each group.
pub const GROUP: u64 = 1_000;
/// Only odd people's names hold it.
pub const ODD_MARK: &str = "quartz";

const FIRST: [&str; 24] = [
    "Anna",
    "José",
    "Łukasz",
    "Мария",
    "Дмитрий",
    "Сергей",
    "محمد",
    "فاطمة",
    "أحمد",
    "李",
    "王伟",
    "美咲",
    "さくら",
    "지훈",
    "서연",
    "अर्जुन",
    "प्रिया",
    "Ngọc",
    "Zoë",
    "Ömer",
    "İpek",
    "Σοφία",
    "דוד",
    "Jürgen",
];
const LAST: [&str; 24] = [
    "Müller",
    "García",
    "Kowalski",
    "Иванова",
    "Петров",
    "العلي",
    "حسن",
    "明",
    "小林",
    "田中",
    "김",
    "박",
    "शर्मा",
    "वर्मा",
    "Nguyễn",
    "O'Brien",
    "van Dijk",
    "Öztürk",
    "Παππάς",
    "כהן",
    "Schmidt",
    "da Silva",
    "Fernández",
    "🌻",
];

/// The group with this number.
pub fn group_jid(n: u64) -> anyhow::Result<GroupJid> {
    Ok(format!("12036300{n:010}@g.us").parse()?)
}

fn person(i: u64) -> anyhow::Result<Seen> {
    Ok(Seen {
        lid: Some(Lid::from_digits(&format!("1{i:014}"))?),
        // Spread as subscriber numbers are: an odd factor permutes the nine digits, so no two people share one.
        phone: Some(format!("4917{:09}", i * 618_033_989 % 1_000_000_000).parse::<Phone>()?),
    })
}

fn name(i: u64) -> String {
    // A multiplicative hash spreads the vocabulary; the number keeps most names distinct, as they are in life.
    let mixed = i.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    let pick = |words: &[&'static str], shift: u32| {
        words
            .get((mixed >> shift) as usize % words.len())
            .copied()
            .unwrap_or_default()
    };
    let mark = if i % 2 == 1 {
        format!(" {ODD_MARK}")
    } else {
        String::new()
    };
    format!(
        "{} {}{mark} {}",
        pick(&FIRST, 20),
        pick(&LAST, 40),
        mixed % 9973
    )
}

/// The facts about people `from..to`.
pub fn people(from: u64, to: u64) -> anyhow::Result<Vec<Inbound>> {
    let mut facts = Vec::new();
    for i in from..to {
        let who = person(i)?;
        facts.push(Inbound::Name {
            who: who.clone(),
            source: NameSource::Push,
            name: name(i),
            origin: Origin::Bulk,
        });
        if i % 2 == 0 {
            let state = ChatState {
                last_at: Some(1_700_000_000_000 + i as i64),
                ..ChatState::default()
            };
            facts.push(Inbound::Chat {
                chat: InChat::Person(who),
                state,
                at: None,
                origin: Origin::Bulk,
            });
        }
    }
    Ok(facts)
}

/// The groups of the odd people among `0..n`.
pub fn groups(n: u64) -> impl Iterator<Item = anyhow::Result<Inbound>> {
    (0..n.div_ceil(2 * GROUP)).map(move |number| {
        let first = number * 2 * GROUP + 1;
        let members = (first..n.min(first + 2 * GROUP))
            .step_by(2)
            .map(|i| {
                Ok(InMember {
                    who: person(i)?,
                    role: "member",
                    tag: String::new(),
                })
            })
            .collect::<anyhow::Result<_>>()?;
        let group = InGroup {
            jid: group_jid(number)?,
            subject: format!("Group {number}"),
            description: String::new(),
            created_at: None,
            owner: None,
            announce: false,
            locked: false,
            members,
        };
        Ok(Inbound::Group {
            group: Box::new(group),
            origin: Origin::Bulk,
        })
    })
}

/// Message `m` of a history, in the chat of one of `people` even persons.
pub fn message(m: u64, people: u64) -> anyhow::Result<Inbound> {
    let who = person(m * 2 % people)?;
    let text = format!("message {m} of a history that somebody kept");
    Ok(Inbound::Message(Box::new(InMessage {
        chat: InChat::Person(who.clone()),
        sender: who,
        from_me: false,
        wa_id: format!("3EB0{m:016X}"),
        at: 1_700_000_000_000 + m as i64 * 1_000,
        push_name: String::new(),
        kind: "text".into(),
        body: text,
        extra: MessageExtra::default(),
        origin: Origin::Bulk,
        ack_level: 0,
    })))
}
