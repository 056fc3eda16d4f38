import assert from 'node:assert/strict'
import { textOf } from '../lib/client.js'
import { scenario } from '../lib/scenario.js'
import { until } from '../lib/wait.js'

const ANNA = '15550010019'
/** The library uploads 812 one-time keys; every first message of a stranger uses one up. */
const STRANGERS = 830

scenario('a client whose one-time keys run low is told so, and nobody is turned away', async (stage) => {
    const { network } = stage
    await network.person(ANNA, 'Anna')
    await network.post('/populate', { people: STRANGERS, groups: 0, messages: 0, seed: 3, for: ANNA })
    const client = stage.client()
    await client.pairByQr(ANNA)
    const { data } = await network.get('/accounts')
    const strangers = data.filter(({ phone }) => phone !== ANNA)
    assert.equal(strangers.length, STRANGERS)

    for (const { phone } of strangers) {
        await network.post(`/accounts/${phone}/send`, { to: ANNA, type: 'text', text: `I am ${phone}` })
    }
    const texts = () => client.all('message').filter(({ message }) => textOf(message)?.startsWith('I am '))
    await until('every stranger to be read', () => texts().length >= STRANGERS)
    const uploads = () => client.said.filter((line) => line.message === 'uploaded prekeys to server').length
    await until('a second upload', () => uploads() === 2)
    assert.equal(texts().filter(({ encryptionType }) => encryptionType === 'pkmsg').length, STRANGERS)
    const [device] = (await network.account(ANNA)).devices
    assert.ok(device.prekeys > 100, `${device.prekeys} keys left`)
})
