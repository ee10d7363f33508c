//! Cursors of lists: opaque to clients and authenticated, so that only what this server
//! gave out comes back, for the same list of the same tenant.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;

use crate::actor::TenantId;
use crate::clock::from_millisecond;
use crate::query::Position;
use crate::secret::mac;

/// Bytes of the tag, cut from HMAC-SHA-256.
const TAG: usize = 16;

/// The key of the server's cursors, made from its secret key.
#[derive(Clone)]
pub struct CursorKey([u8; 32]);

impl CursorKey {
    /// Derives the key, so that the secret key itself signs nothing.
    #[must_use]
    pub fn derive(secret_key: &[u8]) -> Self {
        Self(mac(secret_key, "cursor"))
    }

    /// The cursor of a position in a list. `list` names the list and all that shapes it:
    /// route, filters, order.
    #[must_use]
    pub fn seal(&self, tenant: TenantId, list: &str, position: &Position) -> String {
        let mut bytes = Vec::with_capacity(16 + TAG);
        bytes.extend(position.time.as_millisecond().to_be_bytes());
        bytes.extend(position.id.to_be_bytes());
        let tag = self.tag(tenant, list, &bytes);
        bytes.extend(tag.iter().take(TAG));
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// The position of a cursor that this server sealed for this list.
    #[must_use]
    pub fn open(&self, tenant: TenantId, list: &str, cursor: &str) -> Option<Position> {
        let bytes = URL_SAFE_NO_PAD.decode(cursor).ok()?;
        let (payload, tag) = bytes.split_at_checked(16)?;
        let expected = self.tag(tenant, list, payload);
        if !bool::from(subtle::ConstantTimeEq::ct_eq(tag, expected.get(..TAG)?)) {
            return None;
        }
        let (time, id) = payload.split_at_checked(8)?;
        let time = i64::from_be_bytes(time.try_into().ok()?);
        Some(Position {
            time: from_millisecond(time)?,
            id: i64::from_be_bytes(id.try_into().ok()?),
        })
    }

    fn tag(&self, tenant: TenantId, list: &str, payload: &[u8]) -> [u8; 32] {
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&self.0) else {
            return [0; 32];
        };
        mac.update(&tenant.0.to_be_bytes());
        mac.update(&list.len().to_be_bytes());
        mac.update(list.as_bytes());
        mac.update(payload);
        mac.finalize().into_bytes().into()
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn position() -> Position {
        Position {
            time: Timestamp::from_millisecond(1_700_000_000_123).unwrap(),
            id: -7,
        }
    }

    #[test]
    fn a_cursor_comes_back_for_its_own_list_alone() {
        let key = CursorKey::derive(b"secret");
        let cursor = key.seal(TenantId(1), "users?sort=id", &position());
        assert_eq!(
            key.open(TenantId(1), "users?sort=id", &cursor),
            Some(position())
        );
        assert_eq!(key.open(TenantId(2), "users?sort=id", &cursor), None);
        assert_eq!(key.open(TenantId(1), "users?sort=-id", &cursor), None);
        assert_eq!(
            CursorKey::derive(b"other").open(TenantId(1), "users?sort=id", &cursor),
            None
        );
    }

    #[test]
    fn no_changed_or_cut_cursor_opens() {
        let key = CursorKey::derive(b"secret");
        let cursor = key.seal(TenantId(1), "users", &position());
        let bytes = URL_SAFE_NO_PAD.decode(&cursor).unwrap();
        for bit in 0..bytes.len() * 8 {
            let mut changed = bytes.clone();
            changed[bit / 8] ^= 1 << (bit % 8);
            let changed = URL_SAFE_NO_PAD.encode(changed);
            assert_eq!(key.open(TenantId(1), "users", &changed), None, "bit {bit}");
        }
        for end in 0..cursor.len() {
            assert_eq!(
                key.open(TenantId(1), "users", &cursor[..end]),
                None,
                "cut at {end}"
            );
        }
    }
}
