import assert from 'node:assert/strict'
import { scenario } from '../lib/scenario.js'
import { until } from '../lib/wait.js'

const ANNA = '15550010001'

scenario('a phone scans the QR code and the device logs in', async (stage) => {
    const { network } = stage
    await network.person(ANNA, 'Anna')
    const client = stage.client()
    await client.connect()

    const { qr } = await client.waitFor('auth_qr')
    assert.equal(qr.split('#').pop().split(',').length >= 4, true, 'ref, noise key, identity key, secret')
    await network.post(`/accounts/${ANNA}/scan`, { qr })
    await client.loggedIn()

    // The library has verified the account's signature and the HMAC over the secret from the QR code.
    assert.match(client.me.jid, new RegExp(`^${ANNA}:\\d+@s\\.whatsapp\\.net$`))
    assert.match(client.me.lid, /^\d+:\d+@lid$/)
    assert.ok(client.heard('noise session established via full handshake'), 'the first contact is XX')
    await until('the phone to list its device as connected', async () => {
        const { devices } = await network.account(ANNA)
        return devices.length === 1 && devices[0].connected
    })
})
