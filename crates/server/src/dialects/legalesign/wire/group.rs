//! Groups.

use directory::groups::NewGroup;
use directory::model::{GroupMember, GroupProfile};
use directory::users::Change;
use directory::violation::{Path, Rule, Violations};
use serde::Serialize;
use serde_json::{Map, Value};

use super::super::quirks::{MAX_GROUP_NAME, MAX_PUBLIC_NAME, MIN_GROUP_NAME, NaiveTime};
use super::member::member_uri;
use super::{group_uri, required, user_uri};
use crate::http::fields::{Fields, Reading};

/// Reads the body of `POST /group/`: `name`, 4 to 60 characters, and `xframe_allow`. Other fields
/// are ignored.
pub(in crate::dialects::legalesign) fn group_in(
    map: &Map<String, Value>,
) -> (NewGroup, Violations) {
    let mut violations = Violations::new();
    let mut fields = Fields::new(map, Path::default(), Reading::default(), &mut violations);
    let name = required(&mut fields, "name").unwrap_or_default();
    let length = name.trim().chars().count();
    if length == 0 {
        // Told already, unless it is made of spaces.
        if !name.is_empty() {
            fields.refuse("name", Rule::Blank);
        }
    } else if length < MIN_GROUP_NAME {
        let min = MIN_GROUP_NAME;
        fields.refuse("name", Rule::TooShort { min });
    } else if length > MAX_GROUP_NAME {
        let max = MAX_GROUP_NAME;
        fields.refuse("name", Rule::TooLong { max });
    }
    let frames = fields.boolean("xframe_allow");
    let new = NewGroup {
        name,
        allows_frames: frames.value().copied().unwrap_or(false),
    };
    (new, violations)
}

/// Reads the body of `PATCH /group/{slug}/`: `public_name`, which null or an empty text takes
/// away. What else is there is ignored.
pub(in crate::dialects::legalesign) fn public_name_in(
    map: &Map<String, Value>,
) -> (Change<String>, Violations) {
    let mut violations = Violations::new();
    let reading = Reading {
        empty_is_null: true,
        ..Reading::default()
    };
    let mut fields = Fields::new(map, Path::default(), reading, &mut violations);
    let name = fields.text("public_name");
    let long = |text: &String| text.chars().count() > MAX_PUBLIC_NAME;
    if name.value().is_some_and(long) {
        let max = MAX_PUBLIC_NAME;
        fields.refuse("public_name", Rule::TooLong { max });
    }
    (name, violations)
}

/// A group as lists show it.
#[derive(Serialize)]
pub(in crate::dialects::legalesign) struct GroupOut {
    created: NaiveTime,
    is_active: bool,
    modified: NaiveTime,
    name: String,
    public_name: Option<String>,
    resource_uri: String,
    slug: String,
    user: Option<String>,
    xframe_allow: bool,
    xframe_allow_pdf_edit: bool,
}

impl GroupOut {
    pub(in crate::dialects::legalesign) fn of(group: GroupProfile) -> Self {
        Self {
            created: NaiveTime(group.created_at),
            is_active: true,
            modified: NaiveTime(group.updated_at),
            name: group.name,
            public_name: group.public_name,
            resource_uri: group_uri(&group.slug),
            slug: group.slug,
            user: group.maker.as_deref().map(user_uri),
            xframe_allow: group.allows_frames,
            xframe_allow_pdf_edit: false,
        }
    }
}

/// A group by itself: with its members, and what documents have that this directory does not
/// keep.
#[derive(Serialize)]
pub(in crate::dialects::legalesign) struct WholeGroupOut {
    #[serde(flatten)]
    group: GroupOut,
    members: Vec<String>,
    header: Option<String>,
    footer: Option<String>,
    footer_height: Option<i64>,
    default_email: Option<String>,
    default_extraemail: Option<String>,
    pagesize: Option<i64>,
}

impl WholeGroupOut {
    pub(in crate::dialects::legalesign) fn of(
        group: GroupProfile,
        members: &[GroupMember],
    ) -> Self {
        Self {
            group: GroupOut::of(group),
            members: members.iter().map(|each| member_uri(each.id)).collect(),
            header: None,
            footer: None,
            footer_height: None,
            default_email: None,
            default_extraemail: None,
            pagesize: None,
        }
    }
}
