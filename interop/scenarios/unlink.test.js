import assert from 'node:assert/strict'
import { scenario } from '../lib/scenario.js'
import { until } from '../lib/wait.js'

const ANNA = '15550010009'

scenario('the phone unlinks the device: logged out at once, and refused afterwards', async (stage) => {
    const { network } = stage
    const client = await stage.linked(ANNA, 'Anna')
    const credentials = client.wa.getCredentials()
    const device = credentials.meJid.match(/:(\d+)@/)[1]
    stage.expected.push(/device removed/, /logging out/, /clearing stored credentials/, /failure/)

    await network.delete(`/accounts/${ANNA}/devices/${device}`)
    const closed = await client.waitFor('connection', (event) => event.status === 'close', 'the end of the connection')
    assert.equal(closed.isLogout, true)
    assert.equal((await network.account(ANNA)).devices.length, 0)
    await until('the credentials to be forgotten', async () => (await client.store.auth.load()) === null)

    // A client that kept its credentials all the same is told 401.
    const stubborn = stage.client()
    await stubborn.store.auth.save(credentials)
    // The refusal may come while the library still counts itself as connecting.
    await stubborn.connect().catch((error) => assert.match(error.message, /superseded/))
    const failure = await stubborn.waitFor('failure')
    assert.equal(failure.failureReason, 401)
    assert.equal(stubborn.all('connection_success').length, 0)
})
