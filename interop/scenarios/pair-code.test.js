import assert from 'node:assert/strict'
import { scenario } from '../lib/scenario.js'

const ANNA = '15550010002'

scenario('a phone enters the pairing code and the device logs in', async (stage) => {
    const { network } = stage
    await network.person(ANNA, 'Anna')
    const client = stage.client()
    await client.connect()
    // Until the server has offered its refs, the connection is not one that may ask for a code.
    await client.waitFor('auth_qr')

    const code = await client.wa.requestPairingCode(ANNA)
    assert.match(code, /^[1-9A-HJ-NP-TV-Z]{8}$/)
    await network.post(`/accounts/${ANNA}/enter-code`, { code })
    await client.loggedIn()

    assert.match(client.me.jid, new RegExp(`^${ANNA}:\\d+@s\\.whatsapp\\.net$`))
    assert.match(client.me.lid, /^\d+:\d+@lid$/)
    assert.ok(client.heard('primary_hello completed with companion_finish success'))
})
