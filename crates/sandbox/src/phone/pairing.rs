//! Refs of QR codes on screens now, and the connections that show them.

use std::{collections::HashMap, sync::Mutex};

use crate::net::online::ConnId;

#[derive(Default)]
pub struct Pending {
    pub refs: Mutex<HashMap<String, ConnId>>,
}
