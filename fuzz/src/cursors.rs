//! Cursors: only what the server sealed opens, for its own list and tenant.

use directory::TenantId;
use directory::cursor::CursorKey;
use directory::query::Position;
use jiff::Timestamp;

const TENANT: TenantId = TenantId(1);
/// The one list whose cursor a seed holds.
const LIST: &str = "/v1/users?{\"kind\":\"worker\"}";

fn key() -> CursorKey {
    CursorKey::derive(b"a secret key of the fuzzing")
}

/// The one position that a seed holds the cursor of.
fn given_out() -> Position {
    Position {
        time: Timestamp::UNIX_EPOCH,
        id: 7,
    }
}

/// The first line names a list, the rest is a cursor.
pub fn cursors(data: &[u8]) -> bool {
    let Ok(text) = std::str::from_utf8(data) else {
        return false;
    };
    let (list, cursor) = text.split_once('\n').unwrap_or((LIST, text));
    let key = key();
    let opened = key.open(TENANT, list, cursor);
    if let Some(position) = opened.clone() {
        let sealed = key.seal(TENANT, LIST, &given_out());
        assert_eq!((list, cursor, position), (LIST, &*sealed, given_out()));
    }
    assert_eq!(key.open(TenantId(2), list, cursor), None);
    if let Some(position) = position(data) {
        assert_its_own(&key, list, &position, data);
    }
    opened.is_some()
}

/// A position made of the input.
fn position(data: &[u8]) -> Option<Position> {
    let (time, rest) = data.split_first_chunk()?;
    let (id, _) = rest.split_first_chunk()?;
    let time = Timestamp::from_millisecond(i64::from_le_bytes(*time) >> 18).ok()?;
    let id = i64::from_le_bytes(*id);
    Some(Position { time, id })
}

/// Whatever the position, its cursor leads to it, in its own list alone, unchanged and whole.
fn assert_its_own(key: &CursorKey, list: &str, position: &Position, data: &[u8]) {
    let sealed = key.seal(TENANT, list, position);
    assert_eq!(key.open(TENANT, list, &sealed).as_ref(), Some(position));
    assert_eq!(key.open(TENANT, &format!("{list}?"), &sealed), None);
    assert_eq!(key.open(TenantId(2), list, &sealed), None);
    let at = data.iter().map(|byte| usize::from(*byte)).sum::<usize>() % sealed.len();
    assert_eq!(key.open(TENANT, list, &sealed[..at]), None);
    for bit in 0..7 {
        let mut changed = sealed.clone().into_bytes();
        changed[at] ^= 1 << bit;
        let changed = String::from_utf8(changed).unwrap();
        assert_eq!(key.open(TENANT, list, &changed), None, "{changed}");
    }
    assert_eq!(key.open(TENANT, list, &format!("{sealed}=")), None);
}
