//! An engine the test plays: it does what it is told and says what it was told to say.

use async_trait::async_trait;
use std::{
    collections::VecDeque,
    sync::{
        Mutex,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
};
use wharf_domain::{
    Error,
    chats::settings::Setting,
    inbound::{ChannelRole, InChannel, InGroup, InMember, SealedVote, Seen},
    outbox::Outgoing,
    ports::{
        blobs::Scratch,
        engine::{
            Addons, Engine, Handed, LinkCode, MediaAsked, NumberCheck, PollSecret, ReadReceipt,
            Typing,
        },
        groups::{GroupSetting, Groups, JoinRequest, Joined, MadeGroup, MemberChange},
        passkey::{Assertion, Passkey, Passkeys},
    },
    sessions::SessionScope,
};
use wharf_types::{Address, ChannelJid, GroupJid, Millis, Phone};

#[derive(Default)]
pub struct PlayedEngine {
    /// Whether sessions are connected.
    pub connected: AtomicBool,
    /// The code shown.
    pub code: Mutex<Option<LinkCode>>,
    /// The passkey demanded.
    pub passkey: Mutex<Option<Passkey>>,
    /// What was handed over.
    pub sent: Mutex<Vec<Outgoing>>,
    /// What the server will say, one word a send; acknowledged when there is none left.
    pub words: Mutex<VecDeque<Handed>>,
    /// What else it was told, in words.
    pub told: Mutex<Vec<String>>,
    /// WhatsApp takes no settings of chats.
    pub refuses: AtomicBool,
    /// The file WhatsApp has.
    pub file: Mutex<Vec<u8>>,
    /// Channels made so far.
    pub channels: AtomicUsize,
    /// While held, the server says nothing.
    pub silence: tokio::sync::RwLock<()>,
}

fn channel(jid: &str, name: &str, role: ChannelRole) -> InChannel {
    InChannel {
        jid: jid.parse().unwrap(),
        name: name.to_owned(),
        description: String::new(),
        invite: "0029Va".to_owned(),
        role,
        muted: None,
        followers: 3,
        created_at: Some(1_700_000_000_000),
    }
}

impl PlayedEngine {
    fn say(&self, words: impl Into<String>) {
        self.told.lock().unwrap().push(words.into());
    }

    fn live(&self, session: &SessionScope, words: String) -> Result<(), Error> {
        if !self.connected(session) {
            return Err(Error::NotConnected);
        }
        self.say(words);
        Ok(())
    }

    async fn pull(&self, words: &str) -> Result<(), Error> {
        let _held = self.silence.read().await;
        self.say(words);
        Ok(())
    }

    /// What it was told since the last time.
    pub fn heard(&self) -> Vec<String> {
        std::mem::take(&mut *self.told.lock().unwrap())
    }
}

/// Votes in the open: the voter's number and the texts, where WhatsApp has ciphertext and hashes.
impl Addons for PlayedEngine {
    fn message_secret(&self, _: &SessionScope, _: &str, sealed: &str) -> Option<Vec<u8>> {
        (sealed == "with a secret").then(|| vec![1; 32])
    }
    fn seal_vote(&self, _: PollSecret<'_>, voter: &Seen, options: &[String]) -> Option<SealedVote> {
        Some(SealedVote {
            payload: options.join("\n"),
            iv: voter.phone.as_ref()?.as_str().to_owned(),
        })
    }
    fn open_vote(&self, _: PollSecret<'_>, voter: &Seen, vote: &SealedVote) -> Option<Vec<String>> {
        let own = voter.phone.as_ref().is_some_and(|p| p.as_str() == vote.iv);
        let hash = |text: &str| {
            let bytes = <sha2::Sha256 as sha2::Digest>::digest(text);
            bytes.iter().map(|byte| format!("{byte:02x}")).collect()
        };
        own.then(|| vote.payload.lines().map(hash).collect())
    }
}

/// A person as the engine was told of them.
fn named(who: &Seen) -> String {
    let lid = who.lid.as_ref().map(wharf_types::Lid::jid);
    let phone = who.phone.as_ref().map(wharf_types::Phone::jid);
    [lid, phone]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join("=")
}

/// People whose number ends in 9 are on no account; the owner's ends in 8.
fn code(who: &Seen) -> Option<u16> {
    match who.phone.as_ref()?.as_str().chars().last() {
        Some('9') => Some(404),
        Some('8') => Some(403),
        _ => None,
    }
}

#[async_trait]
impl Groups for PlayedEngine {
    async fn create_group(
        &self,
        session: &SessionScope,
        name: &str,
        people: &[Seen],
    ) -> Result<MadeGroup, Error> {
        let names: Vec<String> = people.iter().map(named).collect();
        self.live(session, format!("create {name} {}", names.join(",")))?;
        let member = |who: &Seen| InMember {
            who: who.clone(),
            role: "member",
            tag: String::new(),
        };
        let members = people.iter().filter(|who| code(who).is_none()).map(member);
        Ok(MadeGroup {
            group: InGroup {
                jid: "120363000000000001@g.us".parse().unwrap(),
                subject: name.to_owned(),
                description: String::new(),
                created_at: Some(1),
                owner: None,
                announce: false,
                locked: false,
                members: members.collect(),
            },
            outcomes: people.iter().map(code).collect(),
        })
    }
    async fn group_now(&self, _: &SessionScope, _: &GroupJid) -> Result<InGroup, Error> {
        Err(Error::Timeout)
    }
    async fn set_group(
        &self,
        session: &SessionScope,
        _: &GroupJid,
        setting: &GroupSetting,
    ) -> Result<(), Error> {
        self.live(session, format!("{setting:?}"))?;
        match setting {
            GroupSetting::Locked(_) => Err(Error::Forbidden("not_group_admin")),
            _ => Ok(()),
        }
    }
    async fn change_members(
        &self,
        session: &SessionScope,
        _: &GroupJid,
        change: MemberChange,
        people: &[Seen],
    ) -> Result<Vec<Option<u16>>, Error> {
        let names: Vec<String> = people.iter().map(named).collect();
        self.live(session, format!("{change:?} {}", names.join(",")))?;
        Ok(people.iter().map(code).collect())
    }
    async fn group_invite(
        &self,
        session: &SessionScope,
        _: &GroupJid,
        anew: bool,
    ) -> Result<String, Error> {
        self.live(session, format!("invite {anew}"))?;
        Ok("https://chat.whatsapp.com/AbCdEfGhIjKlMnOpQrStUv".to_owned())
    }
    async fn join_requests(
        &self,
        session: &SessionScope,
        _: &GroupJid,
    ) -> Result<Vec<JoinRequest>, Error> {
        self.live(session, "requests".to_owned())?;
        Ok(Vec::new())
    }
    async fn leave_group(&self, session: &SessionScope, _: &GroupJid) -> Result<(), Error> {
        self.live(session, "leave".to_owned())
    }
    async fn join_group(&self, session: &SessionScope, code: &str) -> Result<Joined, Error> {
        self.live(session, format!("join {code}"))?;
        Ok(Joined::Nowhere)
    }
    async fn set_group_picture(
        &self,
        session: &SessionScope,
        _: &GroupJid,
        jpeg: Option<Vec<u8>>,
    ) -> Result<(), Error> {
        let head = jpeg.map(|jpeg| jpeg.starts_with(&[0xff, 0xd8]));
        self.live(session, format!("picture {head:?}"))
    }
}

#[async_trait]
impl Passkeys for PlayedEngine {
    fn passkey(&self, _: &SessionScope) -> Option<Passkey> {
        self.passkey.lock().unwrap().clone()
    }
    async fn assert_passkey(
        &self,
        _: &SessionScope,
        _: &str,
        assertion: Assertion,
    ) -> Result<(), Error> {
        self.say(format!("assertion by {:?}", assertion.credential_id));
        Ok(())
    }
    async fn confirm_passkey(&self, _: &SessionScope) -> Result<(), Error> {
        self.say("codes are equal");
        Ok(())
    }
}

#[async_trait]
impl Engine for PlayedEngine {
    async fn start(&self, _: &SessionScope) -> Result<(), Error> {
        Ok(())
    }
    async fn stop(&self, _: &SessionScope) -> Result<(), Error> {
        self.say("stop");
        Ok(())
    }
    async fn logout(&self, _: &SessionScope) -> Result<(), Error> {
        Ok(())
    }
    async fn forget(&self, _: &SessionScope) -> Result<(), Error> {
        Ok(())
    }
    fn qr(&self, _: &SessionScope) -> Option<LinkCode> {
        self.code.lock().unwrap().clone()
    }
    async fn pairing_code(&self, _: &SessionScope, _: &Phone) -> Result<LinkCode, Error> {
        Ok(LinkCode {
            code: "ABCD-1234".to_owned(),
            expires_at: 1,
        })
    }
    fn connected(&self, _: &SessionScope) -> bool {
        self.connected.load(Ordering::SeqCst)
    }
    async fn send(&self, _: &SessionScope, outgoing: &Outgoing) -> Handed {
        self.sent.lock().unwrap().push(outgoing.clone());
        let _heard = self.silence.read().await;
        let word = self.words.lock().unwrap().pop_front();
        word.unwrap_or(Handed::Acknowledged(1_800_000_000_000))
    }
    async fn catch_up(&self, _: &SessionScope) -> Result<(), Error> {
        self.say("catch up");
        Ok(())
    }
    async fn pull_contacts(&self, _: &SessionScope) -> Result<(), Error> {
        self.pull("pull contacts").await
    }
    async fn pull_groups(&self, _: &SessionScope) -> Result<(), Error> {
        self.pull("pull groups").await
    }
    async fn set_chat(
        &self,
        session: &SessionScope,
        chat: &str,
        setting: Setting,
        _: Millis,
    ) -> Result<(), Error> {
        self.live(session, format!("{chat} {setting:?}"))?;
        match self.refuses.load(Ordering::SeqCst) {
            true => Err(Error::Timeout),
            false => Ok(()),
        }
    }
    async fn typing(&self, session: &SessionScope, chat: &str, state: Typing) -> Result<(), Error> {
        self.live(session, format!("{chat} {state:?}"))
    }
    async fn read(&self, session: &SessionScope, receipt: &ReadReceipt) -> Result<(), Error> {
        let ids = receipt.wa_ids.join(",");
        let author = receipt.author.as_deref().unwrap_or("-");
        self.live(session, format!("{} {author} read {ids}", receipt.chat))
    }
    async fn presence(&self, session: &SessionScope, available: bool) -> Result<(), Error> {
        self.live(session, format!("available {available}"))
    }
    async fn subscribe_presence(&self, session: &SessionScope, of: &Address) -> Result<(), Error> {
        self.live(session, format!("subscribe {}", of.jid()))
    }
    async fn reject_call(&self, session: &SessionScope, id: &str) -> Result<(), Error> {
        self.live(session, format!("reject {id}"))?;
        match id {
            "RINGING" => Ok(()),
            _ => Err(Error::NotFound("call")),
        }
    }
    async fn check_numbers(
        &self,
        session: &SessionScope,
        phones: &[Phone],
    ) -> Result<Vec<NumberCheck>, Error> {
        if !self.connected(session) {
            return Err(Error::NotConnected);
        }
        let check = |phone: &Phone| NumberCheck {
            phone: phone.clone(),
            on_whatsapp: !phone.as_str().ends_with('9'),
            lid: None,
        };
        Ok(phones.iter().map(check).collect())
    }
    async fn picture(
        &self,
        session: &SessionScope,
        of: &Address,
    ) -> Result<Option<(String, String)>, Error> {
        self.live(session, format!("picture {}", of.jid()))?;
        let visible = of.jid().starts_with("15551230001");
        Ok(visible.then(|| ("7".to_owned(), "https://pps.whatsapp.net/x".to_owned())))
    }
    async fn block(&self, session: &SessionScope, who: &Seen, blocked: bool) -> Result<(), Error> {
        let lid = who.lid.as_ref().map_or("-", |lid| lid.as_str());
        let phone = who.phone.as_ref().map_or("-", |phone| phone.as_str());
        self.live(session, format!("block {lid} {phone} {blocked}"))
    }
    async fn blocked(&self, session: &SessionScope) -> Result<Vec<Seen>, Error> {
        self.live(session, "blocked".to_owned())?;
        Ok((100..300)
            .rev()
            .map(|lid| Seen {
                lid: format!("{lid}@lid").parse().ok(),
                phone: None,
            })
            .collect())
    }
    async fn fetch_media(
        &self,
        session: &SessionScope,
        asked: &MediaAsked,
    ) -> Result<Scratch, Error> {
        self.live(session, format!("fetch {} {}", asked.wa_id, asked.sealed))?;
        let (_, path) = tempfile::NamedTempFile::new().unwrap().keep().unwrap();
        let file = Scratch::new(path);
        std::fs::write(file.path(), &*self.file.lock().unwrap()).unwrap();
        Ok(file)
    }
    async fn create_channel(
        &self,
        session: &SessionScope,
        name: &str,
        description: &str,
    ) -> Result<InChannel, Error> {
        self.live(session, format!("create channel {name} {description}"))?;
        let made = self.channels.fetch_add(1, Ordering::SeqCst);
        let jid = format!("12036340000000000{made}@newsletter");
        Ok(channel(&jid, name, ChannelRole::Owner))
    }
    async fn follow_channel(
        &self,
        session: &SessionScope,
        jid: &ChannelJid,
    ) -> Result<InChannel, Error> {
        self.live(session, format!("follow {}", jid.as_str()))?;
        Ok(channel(jid.as_str(), "followed", ChannelRole::Follower))
    }
    async fn unfollow_channel(
        &self,
        session: &SessionScope,
        jid: &ChannelJid,
    ) -> Result<(), Error> {
        self.live(session, format!("unfollow {}", jid.as_str()))
    }
    async fn mute_channel(
        &self,
        session: &SessionScope,
        jid: &ChannelJid,
        _: ChannelRole,
        muted: bool,
    ) -> Result<(), Error> {
        self.live(session, format!("mute {} {muted}", jid.as_str()))
    }
    async fn fetch_posts(&self, session: &SessionScope, jid: &ChannelJid) -> Result<(), Error> {
        self.live(session, format!("posts of {}", jid.as_str()))
    }
    async fn about(&self, session: &SessionScope, of: &Address) -> Result<Option<String>, Error> {
        self.live(session, format!("about {}", of.jid()))?;
        let visible = of.jid().starts_with("15551230001");
        Ok(visible.then(|| "at the pier".to_owned()))
    }
}
