//! Signatures of webhooks, as Standard Webhooks 1.0 describes them: HMAC-SHA-256 over
//! `id.timestamp.body`, one for each secret in force.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use directory::clock::Random;
use hmac::{Hmac, KeyInit as _, Mac as _};
use secrecy::{ExposeSecret as _, SecretSlice, SecretString};
use sha2::Sha256;

/// The header with the id, which is the same at every attempt.
pub const ID: HeaderName = HeaderName::from_static("webhook-id");
/// The header with the time of the attempt, in Unix seconds.
pub const TIMESTAMP: HeaderName = HeaderName::from_static("webhook-timestamp");
/// The header with the signatures, a space between two.
pub const SIGNATURE: HeaderName = HeaderName::from_static("webhook-signature");

const PREFIX: &str = "whsec_";
/// Random bytes in a secret that is made here: 256 bits.
const MADE_BYTES: usize = 32;
/// Fewest and most bytes of a secret that comes from elsewhere.
const MIN_BYTES: usize = 24;
const MAX_BYTES: usize = 64;
/// Longest text of a secret: the prefix, and 64 bytes in base64.
const MAX_TEXT: usize = PREFIX.len() + MAX_BYTES.div_ceil(3) * 4;
const MAX_ID: usize = 255;

/// What a receiver shares with this server. It cannot be printed.
#[derive(Clone, Debug)]
pub struct WebhookSecret(SecretSlice<u8>);

/// A text that is no secret of a webhook.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a webhook's secret is whsec_ and then 24 to 64 bytes in base64")]
pub struct NotASecret;

/// Why a webhook cannot be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Unsignable {
    /// The id is empty, longer than 255, or not of letters, digits, `_` and `-` alone: a full stop
    /// would let two messages have one signature.
    #[error("the id of a webhook is 1 to 255 letters, digits, _ and -")]
    Id,
    /// There is no secret to sign with.
    #[error("a webhook needs a secret to be signed with")]
    NoSecret,
}

impl WebhookSecret {
    /// A new secret of 32 random bytes.
    #[must_use]
    pub fn generate(random: &dyn Random) -> Self {
        let mut bytes = vec![0; MADE_BYTES];
        random.fill(&mut bytes);
        Self(SecretSlice::from(bytes))
    }

    /// Reads `whsec_` and base64, as [`expose`](Self::expose) writes them.
    ///
    /// # Errors
    /// [`NotASecret`] where the prefix is missing, the rest is no padded base64, or it holds fewer
    /// than 24 or more than 64 bytes.
    pub fn parse(text: &str) -> Result<Self, NotASecret> {
        if text.len() > MAX_TEXT {
            return Err(NotASecret);
        }
        let encoded = text.strip_prefix(PREFIX).ok_or(NotASecret)?;
        let bytes = SecretSlice::from(STANDARD.decode(encoded).map_err(|_| NotASecret)?);
        if (MIN_BYTES..=MAX_BYTES).contains(&bytes.expose_secret().len()) {
            Ok(Self(bytes))
        } else {
            Err(NotASecret)
        }
    }

    /// The secret as its receiver takes it: `whsec_` and base64.
    #[must_use]
    pub fn expose(&self) -> SecretString {
        let mut text = String::with_capacity(MAX_TEXT);
        text.push_str(PREFIX);
        STANDARD.encode_string(self.0.expose_secret(), &mut text);
        text.into()
    }

    /// One entry of the signature header.
    fn sign(&self, id: &str, timestamp: i64, body: &[u8]) -> Option<String> {
        let mut mac = Hmac::<Sha256>::new_from_slice(self.0.expose_secret()).ok()?;
        mac.update(format!("{id}.{timestamp}.").as_bytes());
        mac.update(body);
        let digest = mac.finalize().into_bytes();
        Some(format!("v1,{}", STANDARD.encode(digest)))
    }
}

/// The three headers of one attempt: id, timestamp, and a signature for each secret in their order.
///
/// `timestamp` is the time of this attempt in Unix seconds, `body` exactly what is sent.
///
/// # Errors
/// [`Unsignable`] where the id may not be signed, or there is no secret.
pub fn headers(
    id: &str,
    timestamp: i64,
    body: &[u8],
    secrets: &[WebhookSecret],
) -> Result<HeaderMap, Unsignable> {
    let allowed = |c: u8| c.is_ascii_alphanumeric() || matches!(c, b'_' | b'-');
    if id.is_empty() || id.len() > MAX_ID || !id.bytes().all(allowed) {
        return Err(Unsignable::Id);
    }
    let entries: Vec<String> = secrets
        .iter()
        .filter_map(|secret| secret.sign(id, timestamp, body))
        .collect();
    if entries.is_empty() {
        return Err(Unsignable::NoSecret);
    }
    let signatures = HeaderValue::try_from(entries.join(" ")).map_err(|_| Unsignable::NoSecret)?;
    Ok(HeaderMap::from_iter([
        (ID, HeaderValue::try_from(id).map_err(|_| Unsignable::Id)?),
        (TIMESTAMP, HeaderValue::from(timestamp)),
        (SIGNATURE, signatures),
    ]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use directory::clock::{Clock as _, SystemClock, SystemRandom};
    use standardwebhooks::Webhook;

    const BODY: &[u8] = br#"{"type":"user_created","data":{"name":"Zo\u00eb \"Z\""}}"#;

    fn now() -> i64 {
        SystemClock::new().now().as_second()
    }

    /// The reference library's view of a secret of ours.
    fn receiver(secret: &WebhookSecret) -> Webhook {
        Webhook::new(secret.expose().expose_secret()).unwrap()
    }

    #[test]
    fn the_reference_library_verifies_what_is_signed_here() {
        let secret = WebhookSecret::generate(&SystemRandom);
        for body in [BODY, b"", "{\"name\":\"Zoë — 名前\"}".as_bytes()] {
            let signed = headers("msg_1-a", now(), body, std::slice::from_ref(&secret)).unwrap();
            receiver(&secret).verify(body, &signed).unwrap();
        }
    }

    #[test]
    fn while_a_secret_is_rotated_both_verify_and_a_third_does_not() {
        let pair = [1, 2].map(|_| WebhookSecret::generate(&SystemRandom));
        let signed = headers("msg_1", now(), BODY, &pair).unwrap();
        let entries = signed[SIGNATURE].to_str().unwrap();
        assert_eq!(entries.split(' ').count(), 2);
        assert!(entries.split(' ').all(|entry| entry.starts_with("v1,")));
        for secret in &pair {
            receiver(secret).verify(BODY, &signed).unwrap();
        }
        let other = WebhookSecret::generate(&SystemRandom);
        receiver(&other).verify(BODY, &signed).unwrap_err();
    }

    #[test]
    fn a_change_of_body_id_or_time_breaks_the_signature() {
        let secret = WebhookSecret::generate(&SystemRandom);
        let signed = headers("msg_1", now(), BODY, std::slice::from_ref(&secret)).unwrap();
        let receiver = receiver(&secret);
        receiver.verify(&BODY[1..], &signed).unwrap_err();
        for (name, value) in [
            (ID, "msg_2".to_owned()),
            (TIMESTAMP, (now() + 7).to_string()),
        ] {
            let mut changed = signed.clone();
            changed.insert(name, value.parse().unwrap());
            receiver.verify(BODY, &changed).unwrap_err();
        }
    }

    #[test]
    fn a_secret_is_read_back_as_it_was_written_and_never_printed() {
        let secret = WebhookSecret::generate(&SystemRandom);
        let text = secret.expose();
        let text = text.expose_secret();
        assert_eq!(text.len(), PREFIX.len() + 44);
        let again = WebhookSecret::parse(text).unwrap();
        assert_eq!(again.expose().expose_secret(), text);
        let other = WebhookSecret::generate(&SystemRandom);
        assert_ne!(other.expose().expose_secret(), text);
        let printed = format!("{secret:?}");
        assert!(printed.contains("REDACTED"), "{printed}");
        assert!(!printed.contains(text.trim_start_matches(PREFIX)));
    }

    #[test]
    fn a_secret_has_24_to_64_bytes() {
        for (bytes, good) in [
            (0, false),
            (23, false),
            (24, true),
            (25, true),
            (64, true),
            (65, false),
            (66, false),
            (10_000, false),
        ] {
            let text = format!("{PREFIX}{}", STANDARD.encode(vec![7; bytes]));
            assert_eq!(WebhookSecret::parse(&text).is_ok(), good, "{bytes} bytes");
        }
        let encoded = STANDARD.encode([7; 25]);
        for bad in [
            encoded.clone(),
            format!("whsk_{encoded}"),
            format!("WHSEC_{encoded}"),
            format!("{PREFIX}{}", encoded.trim_end_matches('=')),
            format!("{PREFIX}{encoded} "),
            format!("{PREFIX}{}", "-_".repeat(20)),
        ] {
            assert_eq!(
                WebhookSecret::parse(&bad).unwrap_err(),
                NotASecret,
                "{bad:?}"
            );
        }
    }

    #[test]
    fn what_could_be_taken_for_another_message_is_not_signed() {
        let secrets = [WebhookSecret::generate(&SystemRandom)];
        let long = "a".repeat(256);
        for id in ["", "a.b", "a b", "a\n", "é", long.as_str()] {
            let refused = headers(id, 1, BODY, &secrets).unwrap_err();
            assert_eq!(refused, Unsignable::Id, "{id:?}");
        }
        headers(&long[1..], 1, BODY, &secrets).unwrap();
        assert_eq!(
            headers("a", 1, BODY, &[]).unwrap_err(),
            Unsignable::NoSecret
        );
    }
}
