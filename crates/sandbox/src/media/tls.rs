//! The certificate authority of the media server.
//!
//! Made once for a data directory: a root that clients are told to trust (`ca.pem`), and one leaf for
//! the loopback names signed by it. The root's key is thrown away after that signature, so the file a
//! tester trusts can vouch for nothing else.

use anyhow::{Context, Result};
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use super::blobs::write_durably;

const CA: &str = "ca.pem";
const LEAF: &str = "leaf.pem";
const LEAF_KEY: &str = "leaf.key";

/// The certificates of one data directory.
#[derive(Debug, Clone)]
pub struct Certificates {
    dir: PathBuf,
}

impl Certificates {
    /// Opens those in `dir`, or makes them.
    pub fn open(dir: &Path) -> Result<Self> {
        std::fs::create_dir_all(dir).with_context(|| format!("create {}", dir.display()))?;
        let certificates = Self {
            dir: dir.to_owned(),
        };
        // The leaf's key is written last: its presence says that the whole set is there.
        if !certificates.dir.join(LEAF_KEY).exists() {
            certificates.generate()?;
        }
        Ok(certificates)
    }

    /// The PEM file of the root that clients must trust.
    pub fn ca_file(&self) -> PathBuf {
        self.dir.join(CA)
    }

    /// TLS settings of the server, HTTP/1.1 only.
    pub fn server_config(&self) -> Result<Arc<ServerConfig>> {
        let chain = CertificateDer::pem_file_iter(self.dir.join(LEAF))
            .context("open certificate")?
            .collect::<Result<Vec<_>, _>>()
            .context("read certificate")?;
        let key = PrivateKeyDer::from_pem_file(self.dir.join(LEAF_KEY))
            .context("read certificate key")?;
        // Named here because several providers are linked into one test program, and rustls will not choose.
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .context("tls versions")?
            .with_no_client_auth()
            .with_single_cert(chain, key)
            .context("tls certificate")?;
        Ok(Arc::new(config))
    }

    fn generate(&self) -> Result<()> {
        let mut root = CertificateParams::default();
        root.distinguished_name
            .push(DnType::CommonName, "Simulated network media root");
        root.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        root.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let root = CertifiedIssuer::self_signed(root, KeyPair::generate()?)?;

        let mut leaf = CertificateParams::new(vec![
            "localhost".to_owned(),
            "127.0.0.1".to_owned(),
            "::1".to_owned(),
        ])?;
        leaf.distinguished_name
            .push(DnType::CommonName, "Simulated network media");
        leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        leaf.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        leaf.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate()?;
        let leaf = leaf.signed_by(&key, &root)?;

        write_durably(&self.dir.join(CA), root.pem().as_bytes())?;
        write_durably(&self.dir.join(LEAF), leaf.pem().as_bytes())?;
        write_durably(&self.dir.join(LEAF_KEY), key.serialize_pem().as_bytes())
    }
}
