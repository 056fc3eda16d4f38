//! SQLite keeps the promises of the store's port: `port/` says them, for any store.

#[cfg(test)]
mod port;

macro_rules! on_sqlite {
    ($($noun:ident: $($case:ident)*;)*) => { $(
        mod $noun {
            $(
                #[tokio::test]
                async fn $case() {
                    let store = wharf_store_sqlite::SqliteStore::temporary().unwrap();
                    crate::port::$noun::$case(&store).await;
                }
            )*
        }
    )* };
}

port::every_case!(on_sqlite);
