// The other side of the sealed-message conformance test: reads and writes the same format with another implementation.
//   node sealed-message.mjs decrypt <key hex> <message> <plaintext>
//   node sealed-message.mjs encrypt <key hex> <message> <plaintext> <frame length>
import { readFileSync, writeFileSync } from 'node:fs';
import client from '@aws-crypto/client-node';

const { buildClient, CommitmentPolicy, KeyringNode, EncryptedDataKey, KeyringTraceFlag, AlgorithmSuiteIdentifier } = client;
const [mode, keyHex, messagePath, plaintextPath, frameLength] = process.argv.slice(2);
const key = Buffer.from(keyHex, 'hex');
const trace = (flags) => ({ keyNamespace: 'merlon', keyName: 'object:1', flags });

class SlotKeyring extends KeyringNode {
  async _onEncrypt(material) {
    material.setUnencryptedDataKey(new Uint8Array(key), trace(KeyringTraceFlag.WRAPPING_KEY_GENERATED_DATA_KEY));
    return material.addEncryptedDataKey(
      new EncryptedDataKey({ providerId: 'merlon', providerInfo: 'object:1', rawInfo: Buffer.from('object:1'), encryptedDataKey: Buffer.from('slot') }),
      KeyringTraceFlag.WRAPPING_KEY_ENCRYPTED_DATA_KEY);
  }

  async _onDecrypt(material, encryptedDataKeys) {
    const slot = encryptedDataKeys.find((edk) => edk.providerId === 'merlon' && edk.providerInfo === 'object:1');
    return slot ? material.setUnencryptedDataKey(new Uint8Array(key), trace(KeyringTraceFlag.WRAPPING_KEY_DECRYPTED_DATA_KEY)) : material;
  }
}

const { encrypt, decrypt } = buildClient(CommitmentPolicy.REQUIRE_ENCRYPT_REQUIRE_DECRYPT);
if (mode === 'decrypt') {
  const { plaintext } = await decrypt(new SlotKeyring(), readFileSync(messagePath));
  writeFileSync(plaintextPath, plaintext);
} else {
  const { result } = await encrypt(new SlotKeyring(), readFileSync(plaintextPath), {
    frameLength: Number(frameLength),
    suiteId: AlgorithmSuiteIdentifier.ALG_AES256_GCM_IV12_TAG16_HKDF_SHA512_COMMIT_KEY,
  });
  writeFileSync(messagePath, result);
}
