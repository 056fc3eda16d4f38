import assert from 'node:assert/strict'
import { scenario } from '../lib/scenario.js'
import { until } from '../lib/wait.js'

const ANNA = '15550010023'
const BORIS = '15550020023'

scenario('each side sees the other type, come and go, and read', async (stage) => {
    const { network } = stage
    await network.person(BORIS, 'Boris')
    const client = await stage.linked(ANNA, 'Anna')
    const { lid } = await network.account(BORIS)
    const seen = async (type) => (await network.get(`/accounts/${BORIS}/seen`)).events.filter((event) => event.type === type)
    const being = (state) => network.post(`/accounts/${BORIS}/presence`, { state })

    await client.wa.sendPresence('available')
    await client.wa.sendNode({ tag: 'presence', attrs: { type: 'subscribe', to: lid } })
    await client.waitFor('presence', ({ rawNode }) => rawNode.attrs.type === 'unavailable', 'that Boris is away')
    await being('available')
    await client.waitFor('presence', ({ rawNode }) => rawNode.attrs.from === lid && !rawNode.attrs.type, 'that Boris is there')

    await client.wa.sendNode({ tag: 'chatstate', attrs: { to: lid }, content: [{ tag: 'composing', attrs: { media: 'audio' } }] })
    await until('Boris to see Anna record', async () => (await seen('typing')).some(({ state }) => state === 'recording'))
    assert.equal((await seen('presence'))[0].state, 'available')

    const { waMessageId } = await network.post(`/accounts/${BORIS}/send`, { to: ANNA, type: 'text', text: 'read me' })
    await client.text('read me')
    await client.wa.sendReceipt({ to: lid, id: waMessageId, type: 'read' })
    await until('Boris to see it read', async () =>
        (await seen('receipt')).some((event) => event.waMessageId === waMessageId && event.kind === 'read')
    )
})

scenario('a call rings, is declined by a companion, and the caller sees it', async (stage) => {
    const { network } = stage
    await network.person(BORIS, 'Boris')
    const client = await stage.linked(ANNA, 'Anna')
    const { lid } = await network.account(BORIS)
    const call = (body) => network.post(`/accounts/${BORIS}/send`, { to: ANNA, type: 'call', ...body })
    const with_ = (tag, id) => ({ rawNode }) => rawNode.content.some((each) => each.tag === tag && each.attrs['call-id'] === id)

    const { callId } = await call({ kind: 'video' })
    await client.waitFor('call', with_('offer', callId), 'the offer')
    const reject = { tag: 'reject', attrs: { 'call-id': callId, 'call-creator': lid, count: '0' } }
    await client.wa.sendNode({ tag: 'call', attrs: { to: lid, id: 'CALL1' }, content: [reject] })
    await until('Boris to see it declined', async () =>
        (await network.get(`/accounts/${BORIS}/seen`)).events.some((event) => event.callId === callId && event.state === 'rejected')
    )

    const second = await call({ kind: 'audio' })
    await call({ kind: 'hangup', callId: second.callId })
    await client.waitFor('call', with_('terminate', second.callId), 'its end')
})
