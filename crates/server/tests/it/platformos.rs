//! The dialect `platformos` over HTTP.
