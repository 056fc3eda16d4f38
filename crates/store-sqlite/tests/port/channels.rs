//! Channels and the numbers of their posts.

use super::session;
use wharf_domain::{inbound::ChannelRole, ports::store::*};

fn channel(jid: &str) -> ChannelRow {
    ChannelRow {
        jid: jid.parse().unwrap(),
        name: "Новости".to_owned(),
        description: "каждый день".to_owned(),
        invite: "0029Va".to_owned(),
        role: ChannelRole::Owner,
        muted: true,
        followers: 1 << 40,
        created_at_wa: Some(4),
        first_seen_at: 5,
        updated_at: 6,
    }
}

pub async fn round_trip(store: &dyn Store) {
    let s = session(store).await.no;
    let other = session(store).await.no;
    let mut rows = [
        channel("120363400000000001@newsletter"),
        channel("120363400000000002@newsletter"),
    ];
    let put = rows.clone();
    store
        .write(move |tx| put.iter().try_for_each(|row| tx.put_channel(s, row)))
        .await
        .unwrap();
    rows[1] = ChannelRow {
        role: ChannelRole::Guest,
        muted: false,
        created_at_wa: None,
        name: String::new(),
        ..rows[1].clone()
    };
    let put = rows[1].clone();
    store
        .write(move |tx| tx.put_channel(s, &put))
        .await
        .unwrap();
    store
        .read(move |view| {
            assert_eq!(view.channels(s, "", 9)?, rows);
            assert_eq!(view.channels(s, "", 1)?, rows[..1]);
            assert_eq!(view.channels(s, rows[0].jid.as_str(), 9)?, rows[1..]);
            assert_eq!(view.channel(s, &rows[1].jid)?.as_ref(), Some(&rows[1]));
            assert_eq!(view.channel(other, &rows[1].jid)?, None);
            assert_eq!(view.channels(other, "", 9)?, []);
            Ok(())
        })
        .await
        .unwrap();
}

pub async fn posts_by_number(store: &dyn Store) {
    let s = session(store).await.no;
    let other = session(store).await.no;
    store
        .write(move |tx| {
            assert_eq!(tx.newest_post(s, 1)?, None);
            tx.put_post(s, 1, 100, 7)?;
            tx.put_post(s, 1, 102, 8)?;
            tx.put_post(s, 1, 102, 9)?;
            tx.put_post(s, 2, 200, 10)?;
            assert_eq!((tx.post(s, 1, 102)?, tx.post(s, 1, 101)?), (Some(9), None));
            assert_eq!(
                (tx.newest_post(s, 1)?, tx.newest_post(s, 2)?),
                (Some(102), Some(200))
            );
            assert_eq!(
                (tx.post(other, 1, 102)?, tx.newest_post(other, 1)?),
                (None, None)
            );
            // They go with their chat.
            tx.delete_chat(s, 1)?;
            assert_eq!(
                (tx.newest_post(s, 1)?, tx.newest_post(s, 2)?),
                (None, Some(200))
            );
            Ok(())
        })
        .await
        .unwrap();
}
