//! A webhook's attempt by https: whose certificate is believed.

use rcgen::{CertificateParams, Issuer, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::PrivateKeyDer;
use tokio_rustls::TlsAcceptor;

use muster::deliver::webhook::TlsFailure;

use super::*;

/// A receiver whose certificate is for `name`, and the roots that vouch for it.
async fn secure_receiver(name: &str) -> (Receiver, RootCertStore) {
    let authority_key = KeyPair::generate().unwrap();
    let mut authority = CertificateParams::default();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let mut roots = RootCertStore::empty();
    let root = authority.self_signed(&authority_key).unwrap();
    roots.add(root.der().clone()).unwrap();
    let issuer = Issuer::new(authority, authority_key);
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new([name.to_owned()]).unwrap();
    let certificate = params.signed_by(&key, &issuer).unwrap();
    let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let receiver = Receiver::start(move |stream| {
        let acceptor = acceptor.clone();
        async move {
            let Ok(mut stream) = acceptor.accept(stream).await else {
                return;
            };
            if read_request(&mut stream).await.is_some() {
                let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\nsecure";
                stream.write_all(answer).await.unwrap();
            }
        }
    })
    .await;
    (receiver, roots)
}

fn sender_trusting(roots: RootCertStore) -> WebhookSender {
    let clock = Arc::new(SystemClock::new());
    WebhookSender::with(networks(&["127.0.0.0/8", "::1"]), clock, roots, DEADLINE).unwrap()
}

#[tokio::test]
async fn a_certificate_that_is_vouched_for_is_believed() {
    let (receiver, roots) = secure_receiver("localhost").await;
    let url = format!("https://localhost:{}/", receiver.address.port());
    let attempt = send(&sender_trusting(roots), &url).await;
    assert_eq!(attempt.outcome, Outcome::Delivered);
    assert_eq!(attempt.answer, "secure");
}

#[tokio::test]
async fn a_certificate_of_nobody_known_or_for_another_host_is_not() {
    let (receiver, _) = secure_receiver("localhost").await;
    let (_, others_roots) = secure_receiver("localhost").await;
    let (elsewhere, its_roots) = secure_receiver("hooks.example.com").await;
    for (receiver, roots) in [(&receiver, others_roots), (&elsewhere, its_roots)] {
        let url = format!("https://localhost:{}/", receiver.address.port());
        let attempt = send(&sender_trusting(roots), &url).await;
        let expected = Outcome::Failed(Failure::Tls(TlsFailure::Certificate));
        assert_eq!(attempt.outcome, expected);
        let told = attempt.outcome.to_string();
        assert_eq!(told, "TLS failed: the certificate is not valid");
    }
}

#[tokio::test]
async fn a_receiver_without_tls_is_a_failed_handshake() {
    let babbling = Receiver::start(|mut stream| async move {
        let _ = stream.write_all(b"HTTP/1.1 400 Plain text\r\n\r\n").await;
        let _ = stream.read_to_end(&mut Vec::new()).await;
    })
    .await;
    let url = format!("https://{}/", babbling.address);
    let attempt = send(&sender(), &url).await;
    let expected = Outcome::Failed(Failure::Tls(TlsFailure::Handshake));
    assert_eq!(attempt.outcome, expected);
}
