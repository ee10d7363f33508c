//! TLS towards the outside: rustls with ring, and the certificates that the system trusts.

use std::sync::Arc;

use rustls::{ClientConfig, RootCertStore};

/// A client's configuration that trusts what the system trusts.
///
/// # Errors
/// When the library supports none of its own default versions.
pub fn client_config() -> Result<ClientConfig, rustls::Error> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    Ok(ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth())
}
