//! The dialect `legalesign` over HTTP.
