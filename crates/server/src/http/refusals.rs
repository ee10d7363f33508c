//! Events of what was refused: by themselves, for what was refused left nothing behind, and once a
//! minute for each, so that who is refused cannot fill the log with it.

use std::net::{IpAddr, Ipv4Addr};

use directory::Error;
use directory::store::Tx;

use super::App;

/// Whoever it was, from wherever.
const ANYWHERE: IpAddr = IpAddr::V4(Ipv4Addr::UNSPECIFIED);

/// Writes an event of a refusal, unless one of that name was written within the last minute, by
/// this node. What is refused stays refused when that fails.
pub async fn tell(
    app: &App,
    name: &str,
    write: impl Fn(&Tx<'_>) -> Result<(), Error> + Send + Sync + 'static,
) {
    let now = app.directory.clock().now();
    if app.told.attempt(name, ANYWHERE, now).is_err() {
        return;
    }
    if let Err(cause) = app.directory.write(write).await {
        let error = directory::with_causes(&cause);
        tracing::warn!(error, "a refusal is not told of");
    }
}
