//! TLS towards the outside: rustls with ring, and the certificates that the system trusts.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};

/// A client's configuration that trusts what the system trusts.
///
/// # Errors
/// When the library supports none of its own default versions.
pub fn client_config() -> Result<ClientConfig, rustls::Error> {
    trusting(system_roots())
}

/// A client's configuration that trusts these certificates.
///
/// # Errors
/// As [`client_config`].
pub fn trusting(roots: RootCertStore) -> Result<ClientConfig, rustls::Error> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}

/// The certificates that the system trusts, read now; the log says so when there are none.
#[must_use]
pub fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        tracing::warn!("the system trusts no certificates: nothing can be sent over TLS");
    }
    roots
}
