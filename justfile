# Everyday commands. `just` lists them.
default:
    @just --list

# every check of the short form
test:
    scripts/test

# the main job with a simulated phone
demo *args:
    cargo run --release --features sandbox -- demo {{args}}

# pages beside their floors
bench *args:
    cargo run --release -- bench contacts {{args}}

# sends beside theirs
bench-sends *args:
    cargo run --release --features sandbox -- bench sends {{args}}

# hundreds of kills at random moments of pairing, syncing and sending
chaos rounds="100":
    CHAOS_ROUNDS={{rounds}} cargo test -p wharf --features sandbox --test e2e -- kills --nocapture

# a hundred kills of each kind, aimed at the steps between accepting and acknowledgement: of sends, and of what is done to
# messages
soak rounds="100":
    CHAOS_ROUNDS={{rounds}} cargo test -p wharf --features sandbox --test e2e -- kills::steps kills::deeds --nocapture

# licences and advisories (cargo install cargo-deny)
deny:
    cargo deny check

# every operation of the document with made-up input (schemathesis, in a Python environment of its own)
fuzz-api examples="20":
    scripts/fuzz-api {{examples}}

# the OpenAPI document that is kept in the tree
openapi:
    cargo run -q -- openapi > openapi.json
