//! wharf-sandbox
