//! An authenticator in software, and the browser that asks it: what it says of itself and of
//! where it is asked can be bent.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::{SecureRandom as _, SystemRandom};
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

const USER_PRESENT: u8 = 0x01;
const USER_VERIFIED: u8 = 0x04;
const BACKUP_ELIGIBLE: u8 = 0x08;
const BACKED_UP: u8 = 0x10;
const HAS_CREDENTIAL: u8 = 0x40;

/// One device with its browser.
#[derive(Clone)]
pub struct Authenticator {
    /// Where the browser says that it is.
    pub origin: String,
    /// Whether a frame of another origin asks.
    pub cross_origin: bool,
    /// The page that the frame is in, where the browser names one.
    pub top_origin: Option<String>,
    /// The name that it asks for; none: the one of the options.
    pub rp_id: Option<String>,
    /// Whether it says that its user is there.
    pub user_present: bool,
    /// Whether it says that it verified its user.
    pub user_verified: bool,
    /// Whether its keys are copied to other devices.
    pub synchronised: bool,
    /// How far its counter moves each time.
    pub step: u32,
    /// Its counter.
    pub count: u32,
    keys: Vec<Key>,
}

#[derive(Clone)]
struct Key {
    id: Vec<u8>,
    user_handle: Vec<u8>,
    pkcs8: Vec<u8>,
}

impl Authenticator {
    /// One that counts, verifies its user, and is asked from `origin`.
    pub fn at(origin: &str) -> Self {
        Self {
            origin: origin.to_owned(),
            cross_origin: false,
            top_origin: None,
            rp_id: None,
            user_present: true,
            user_verified: true,
            synchronised: false,
            step: 1,
            count: 0,
            keys: Vec::new(),
        }
    }

    /// `navigator.credentials.create`, as JSON.
    pub fn create(&mut self, options: &Value) -> Value {
        let pkcs8 =
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new());
        let mut id = vec![0; 32];
        SystemRandom::new().fill(&mut id).unwrap();
        self.keys.push(Key {
            id,
            user_handle: bytes(&options["user"]["id"]),
            pkcs8: pkcs8.unwrap().as_ref().to_vec(),
        });
        self.create_again(options)
    }

    /// As [`Self::create`], with the key that was made last.
    pub fn create_again(&mut self, options: &Value) -> Value {
        let key = self.keys.last().expect("it has a key").clone();
        let client_data = self.client_data("webauthn.create", options);
        let mut data = self.data(options["rp"]["id"].as_str().unwrap(), HAS_CREDENTIAL);
        data.extend([0; 16]);
        data.extend(u16::try_from(key.id.len()).unwrap().to_be_bytes());
        data.extend(&key.id);
        data.extend(public_key(&key));
        let mut object = vec![0xa3];
        object.extend(cbor_text("fmt"));
        object.extend(cbor_text("none"));
        object.extend(cbor_text("attStmt"));
        object.push(0xa0);
        object.extend(cbor_text("authData"));
        object.extend(cbor_bytes(&data));
        json!({
            "id": text(&key.id),
            "rawId": text(&key.id),
            "type": "public-key",
            "response": {
                "clientDataJSON": text(client_data.as_bytes()),
                "attestationObject": text(&object),
            },
        })
    }

    /// `navigator.credentials.get`, as JSON, with the key that was made last.
    pub fn get(&mut self, options: &Value) -> Value {
        let key = self.keys.last().expect("it has a key").clone();
        let client_data = self.client_data("webauthn.get", options);
        let data = self.data(options["rpId"].as_str().unwrap(), 0);
        let mut signed = data.clone();
        signed.extend(Sha256::digest(client_data.as_bytes()));
        let signature = pair(&key).sign(&SystemRandom::new(), &signed).unwrap();
        json!({
            "id": text(&key.id),
            "rawId": text(&key.id),
            "type": "public-key",
            "response": {
                "clientDataJSON": text(client_data.as_bytes()),
                "authenticatorData": text(&data),
                "signature": text(signature.as_ref()),
                "userHandle": text(&key.user_handle),
            },
        })
    }

    fn client_data(&self, kind: &str, options: &Value) -> String {
        let mut data = json!({
            "type": kind,
            "challenge": options["challenge"],
            "origin": self.origin,
            "crossOrigin": self.cross_origin,
        });
        if let Some(top) = &self.top_origin {
            data["topOrigin"] = top.as_str().into();
        }
        data.to_string()
    }

    /// The authenticator's data, without a credential.
    fn data(&mut self, rp_id: &str, more: u8) -> Vec<u8> {
        self.count += self.step;
        let mut flags = more;
        for (set, flag) in [
            (self.user_present, USER_PRESENT),
            (self.user_verified, USER_VERIFIED),
            (self.synchronised, BACKUP_ELIGIBLE | BACKED_UP),
        ] {
            flags |= if set { flag } else { 0 };
        }
        let rp_id = self.rp_id.as_deref().unwrap_or(rp_id);
        let mut data = Sha256::digest(rp_id).to_vec();
        data.push(flags);
        data.extend(self.count.to_be_bytes());
        data
    }
}

/// URL-safe base64 of bytes, as browsers write it.
pub fn text(bytes: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(bytes)
}

/// The bytes of URL-safe base64.
pub fn bytes(text: &Value) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(text.as_str().unwrap()).unwrap()
}

fn pair(key: &Key) -> EcdsaKeyPair {
    let (kind, random) = (&ECDSA_P256_SHA256_ASN1_SIGNING, SystemRandom::new());
    EcdsaKeyPair::from_pkcs8(kind, &key.pkcs8, &random).unwrap()
}

/// RFC 9053 §7.1.1: {1: 2 (EC2), 3: -7 (ES256), -1: 1 (P-256), -2: x, -3: y}.
fn public_key(key: &Key) -> Vec<u8> {
    let pair = pair(key);
    let point = pair.public_key().as_ref();
    let (x, y) = (&point[1..33], &point[33..65]);
    let mut map = vec![0xa5, 0x01, 0x02, 0x03, 0x26, 0x20, 0x01, 0x21];
    map.extend(cbor_bytes(x));
    map.push(0x22);
    map.extend(cbor_bytes(y));
    map
}

fn cbor_text(text: &str) -> Vec<u8> {
    let mut out = vec![0x60 | u8::try_from(text.len()).unwrap()];
    out.extend(text.as_bytes());
    out
}

fn cbor_bytes(bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![0x59];
    out.extend(u16::try_from(bytes.len()).unwrap().to_be_bytes());
    out.extend(bytes);
    out
}
