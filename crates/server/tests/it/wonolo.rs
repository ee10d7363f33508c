//! The dialect `wonolo` over HTTP.
