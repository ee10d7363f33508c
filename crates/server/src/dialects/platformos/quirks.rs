//! What nobody would guess of this vendor's API.

/// Every answer is of this type, although requests are plain JSON and the bodies are not the
/// documents that the type is named for (seed 003, "Example response").
pub(super) const CONTENT_TYPE: &str = "application/vnd.api+json";

/// All that is wrong with a credential, a scope that it lacks included, is told in these words
/// and as 401: the vendor has no 403 (seed 003, "Error and Status Codes").
pub(super) const NOT_AUTHENTICATED: &str = "Invalid Authentication";

/// The parameter that names the form: the vendor's other documents call it by the second name,
/// which counts where the first is absent (contracts, platformos).
pub(super) const FORM_NAMES: [&str; 2] = ["form_configuration_name", "form_name"];

/// Beside the form: whose item is made by a key that has no owner (contracts, platformos).
pub(super) const CREATOR: &str = "creator_id";

/// Wrong credentials of a session are no 401 but values that cannot be: 422, and under `base`, for
/// which of the two is wrong is not told.
pub(super) const NOT_LET_IN: &str = "Invalid email or password";
