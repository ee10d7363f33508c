//! The address that clients reach the server by: the only thing that links in messages are
//! made of. No header of a request has a part in it.

use url::Url;

/// The server's address as an operator configured it: `https://directory.example.com`, with a
/// path where it is served below one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BaseUrl(Url);

/// A setting that cannot be used, in words for the operator. It repeats nothing of the value,
/// which may be a secret.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0}")]
pub struct BadSetting(pub(crate) String);

impl BadSetting {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl BaseUrl {
    /// Reads an address.
    ///
    /// # Errors
    /// [`BadSetting`] for what is no `http` or `https` URL, and for one with credentials, a
    /// query or a fragment.
    pub fn parse(text: &str) -> Result<Self, BadSetting> {
        let form = || BadSetting::new("is a URL such as https://directory.example.com");
        let url = Url::parse(text.trim()).map_err(|_| form())?;
        let plain = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        let web = matches!(url.scheme(), "http" | "https") && url.has_host();
        (plain && web).then_some(Self(url)).ok_or_else(form)
    }

    /// A link below the address: `path` is taken as segments between slashes, `query` as names
    /// and values; both are escaped.
    #[must_use]
    pub fn link(&self, path: &str, query: &[(&str, &str)]) -> String {
        let mut url = self.0.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            let parts = path.split('/').filter(|part| !part.is_empty());
            segments.pop_if_empty().extend(parts);
        }
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        url.into()
    }

    /// The address, without a slash at its end.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str().trim_end_matches('/')
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_below_the_address_and_escaped() {
        let base = BaseUrl::parse("https://id.example.com/people/").unwrap();
        assert_eq!(base.as_str(), "https://id.example.com/people");
        assert_eq!(
            base.link("/invitations/accept", &[("token", "a+b&c=d/é")]),
            "https://id.example.com/people/invitations/accept?token=a%2Bb%26c%3Dd%2F%C3%A9"
        );
        let base = BaseUrl::parse("http://127.0.0.1:8080").unwrap();
        assert_eq!(base.link("verify", &[]), "http://127.0.0.1:8080/verify");
        assert_eq!(
            base.link("//evil.example/../x?y#z", &[]),
            "http://127.0.0.1:8080/evil.example/x%3Fy%23z"
        );
    }

    #[test]
    fn only_a_plain_web_address_is_one() {
        for text in [
            "",
            "directory.example.com",
            "ftp://example.com",
            "javascript:alert(1)",
            "https://user:pass@example.com",
            "https://example.com/?a=b",
            "https://example.com/#top",
            "https://",
        ] {
            let refused = BaseUrl::parse(text).unwrap_err().to_string();
            assert!(!refused.contains("pass"), "{text}: {refused}");
        }
    }
}
