import assert from 'node:assert/strict'
import { scenario } from '../lib/scenario.js'

const ANNA = '15550010010'
const BORIS = '15550020010'

scenario('groups of a populated account: hidden numbers, and a message everybody reads', async (stage) => {
    const { network } = stage
    await network.person(ANNA, 'Anna')
    const crowd = await network.post('/populate', { people: 200, groups: 6, messages: 1, seed: 5, for: ANNA })
    assert.equal(crowd.people, 200)
    const client = stage.client()
    await client.pairByQr(ANNA)

    const groups = await client.wa.group.queryAllGroups()
    assert.equal(groups.length, 6)
    const known = await Promise.all((await network.get('/groups')).map(({ groupJid }) => network.get(`/groups/${groupJid}`)))
    const group = known.find((g) => g.addressing === 'lid' && !g.announce && g.members.some((m) => m.hidesNumber))
    const seen = await client.wa.group.queryGroupMetadata(group.groupJid)
    assert.equal(seen.participants.length, group.members.length)
    const jids = new Set(seen.participants.map(({ jid }) => jid))
    for (const member of group.members) assert.ok(jids.has(member.lid), `${member.phone} by their LID`)

    await client.wa.sendMessage(group.groupJid, 'hello, everybody')
    for (const { phone } of group.members) assert.equal((await network.received(phone, 'hello, everybody')).chat, group.groupJid)
    const hidden = group.members.find((m) => m.hidesNumber)
    await network.post(`/accounts/${hidden.phone}/send`, { to: group.groupJid, type: 'text', text: 'who am I?' })
    assert.equal((await client.text('who am I?')).senderJid, hidden.lid)
})

scenario('two clients and a phone in one group', async (stage) => {
    const { network } = stage
    const anna = await stage.linked(ANNA, 'Anna')
    const boris = await stage.linked(BORIS, 'Boris')
    const { groupJid } = await network.post('/groups', { subject: 'Both', owner: ANNA, members: [BORIS] })
    for (const client of [anna, boris]) {
        await client.waitFor('group_event', (event) => event.groupJid === groupJid && event.action === 'create', 'the new group')
    }
    for (const [from, to, text] of [
        [anna, boris, 'with the key'],
        [anna, boris, 'without it'],
        [boris, anna, 'and back'],
        [boris, anna, 'once more'],
    ]) {
        await from.wa.sendMessage(groupJid, text)
        const event = await to.text(text)
        assert.equal(event.chatJid, groupJid)
        assert.equal(event.encryptionType, 'skmsg')
        for (const phone of [ANNA, BORIS]) await network.received(phone, text)
    }
})
