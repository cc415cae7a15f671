// SPDX-License-Identifier: Apache-2.0
//
// A ZIP writer for Alipay's bills. Entry names are raw GBK bytes and the UTF-8 flag stays clear, as
// in the real files.

import zlib from 'node:zlib';

const CRC_TABLE = Uint32Array.from({ length: 256 }, (_, n) => {
    let c = n;
    for (let bit = 0; bit < 8; bit += 1) {
        c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
    }
    return c >>> 0;
});

function crc32(bytes) {
    let c = 0xffffffff;
    for (const byte of bytes) {
        c = CRC_TABLE[(c ^ byte) & 0xff] ^ (c >>> 8);
    }
    return (c ^ 0xffffffff) >>> 0;
}

/** The fields that the local header and the central directory share (from "version needed" on). */
function commonFields(entry, packed, crc) {
    const fields = Buffer.alloc(26);
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(0, 2);
    fields.writeUInt16LE(8, 4);
    fields.writeUInt16LE(0, 6);
    fields.writeUInt16LE(0x5a21, 8);
    fields.writeUInt32LE(crc, 10);
    fields.writeUInt32LE(packed.length, 14);
    fields.writeUInt32LE(entry.data.length, 18);
    fields.writeUInt16LE(entry.name.length, 22);
    return fields;
}

/** @param {{name: Buffer, data: Buffer}[]} entries */
export function makeZip(entries) {
    const files = [];
    const directory = [];
    let offset = 0;
    for (const entry of entries) {
        const packed = zlib.deflateRawSync(entry.data);
        const common = commonFields(entry, packed, crc32(entry.data));
        const file = Buffer.concat([Buffer.from('PK\x03\x04'), common, entry.name, packed]);
        const place = Buffer.alloc(14);
        place.writeUInt32LE(offset, 10);
        const version = Buffer.from([20, 0]);
        directory.push(Buffer.from('PK\x01\x02'), version, common, place, entry.name);
        files.push(file);
        offset += file.length;
    }
    const central = Buffer.concat(directory);
    const end = Buffer.alloc(22);
    end.write('PK\x05\x06', 'latin1');
    end.writeUInt16LE(entries.length, 8);
    end.writeUInt16LE(entries.length, 10);
    end.writeUInt32LE(central.length, 12);
    end.writeUInt32LE(offset, 16);
    return Buffer.concat([...files, central, end]);
}
