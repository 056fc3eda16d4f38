//! `wharf users reset|admin`: what nobody who has lost the way in can ask of the API.

use super::Failure;
use crate::{cli::Users, config::Config, out, wiring};
use serde_json::json;

pub async fn run(what: Users, config: &Config, as_json: bool) -> Result<(), Failure> {
    // No lock: a running gateway may share the database, and learns of it within seconds.
    let path = config.database_path().map_err(Failure::Usage)?;
    if !path.is_file() {
        return Err(Failure::Usage(anyhow::anyhow!(
            "data: no database at {}; `wharf init` makes one",
            path.display()
        )));
    }
    let domain = wiring::domain(config).await.map_err(Failure::Usage)?;
    match what {
        Users::Reset { email } => {
            let password = domain.reset_password(&email).await?;
            if as_json {
                out::json(&json!({ "email": email, "password": password }))?;
            } else {
                out::line(format_args!(
                    "{email}  {password}\n\nThe password is shown this once; all their log-ins have ended."
                ));
            }
        }
        Users::Admin { email, off } => {
            domain.set_super_admin(&email, !off).await?;
            if as_json {
                out::json(&json!({ "email": email, "superAdmin": !off }))?;
            } else {
                out::line(format_args!(
                    "{email} is {} super_admin",
                    if off { "no longer" } else { "now" }
                ));
            }
        }
    }
    Ok(())
}
