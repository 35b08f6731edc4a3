// The product's own vectors, and the forms in which clients write a signature.
import { codeOf, Secret } from '@berth/core';
import { isSignedWith, payloadsOf, readSignature } from './signature';

const KEY = new Secret('dsZQi3KtZmCv1ljt3VNWNm7sQUF1y5rJfC6kv5JiwvW0EndXdDku/dkKBp8/ufDToSxLzR4y+O/0H/t4bQtVNw==');
const DATES = { xMsDate: 'Tue, 08 Dec 2015 19:33:17 GMT', date: '' };
const MICROSOFTS = 'c09PEVJrgp2uQRkr934kFbTqhByc7TVr3OHyqlu+c+c=';

const bytes = (signature: string) => Buffer.from(signature, 'base64');

test.each([
  ['GET', 'dbs', 'dbs/ToDoList', 'Thu, 27 Apr 2017 00:51:12 GMT', MICROSOFTS],
  ['GET', 'dbs', '', DATES.xMsDate, 'QnExI1zKHw3GxXuDzaEIRzu/UyTb/nFWhFrbEF1rwg0='],
  ['GET', '', '', DATES.xMsDate, 'z8zdwvyOMNywqxl+hu8FGUWYasRJ06SUypwzuKQMMwg='],
  ['POST', 'dbs', '', DATES.xMsDate, 'Bv9v39bffFPeyc9IFfWTgBMmdVIceBKylpKMn8mgWp4='],
] as const)('%s of %j %j is signed as the product signs it', (verb, resourceType, link, xMsDate, signature) => {
  const payloads = payloadsOf(verb, { resourceType, resourceLinks: [link] }, { xMsDate, date: '' });
  expect(isSignedWith(KEY, payloads, bytes(signature))).toBe(true);
  for (const other of [
    payloadsOf('PUT', { resourceType, resourceLinks: [link] }, { xMsDate, date: '' }),
    payloadsOf(verb, { resourceType, resourceLinks: [`${link}x`] }, { xMsDate, date: '' }),
    payloadsOf(verb, { resourceType, resourceLinks: [link] }, { xMsDate: `${xMsDate} `, date: '' }),
    [],
  ])
    expect(isSignedWith(KEY, other, bytes(signature))).toBe(false);
  expect(isSignedWith(new Secret('AAAA'), payloads, bytes(signature))).toBe(false);
});

test('a resource keeps its case, and each way to write it is tried', () => {
  const target = { resourceType: 'dbs', resourceLinks: ['dbs/qicAAA==', 'qicaaa=='] } as const;
  const payloads = payloadsOf('GET', { ...target, resourceLinks: [...target.resourceLinks] }, DATES);
  const day = DATES.xMsDate.toLowerCase();
  expect(payloads).toEqual([`get\ndbs\ndbs/qicAAA==\n${day}\n\n`, `get\ndbs\nqicaaa==\n${day}\n\n`]);
});

test('the header date is signed only where x-ms-date is absent', () => {
  const target = { resourceType: '' as const, resourceLinks: [''] };
  expect(payloadsOf('get', target, { xMsDate: '', date: 'A Day' })).toEqual(['get\n\n\n\na day\n']);
  expect(payloadsOf('get', target, { xMsDate: 'A Day', date: 'Another' })).toEqual(['get\n\n\na day\n\n']);
});

describe('the header', () => {
  const whole = `type=master&ver=1.0&sig=${MICROSOFTS}`;
  const encoded = encodeURIComponent(whole);

  test.each([
    ['escaped in capitals', encoded],
    ['escaped in small letters', encoded.replace(/%../g, (each) => each.toLowerCase())],
    ['not escaped at all, where + is no space', whole],
    ['with its parts in another order', encodeURIComponent(`sig=${MICROSOFTS}&ver=1.0&type=master`)],
  ])('%s is read', (_how, header) => {
    expect(readSignature(header)).toEqual(bytes(MICROSOFTS));
  });

  test.each([
    undefined,
    '',
    ' ',
    'x',
    '%',
    '%E0%A4%A',
    '&&&===',
    'Bearer berth_x',
    encodeURIComponent(`type=master&ver=2.0&sig=${MICROSOFTS}`),
    encodeURIComponent(`type=resource&ver=1&sig=${MICROSOFTS}`),
    encodeURIComponent(`type=aad&ver=1.0&sig=${MICROSOFTS}`),
    encodeURIComponent('type=master&ver=1.0&sig='),
    encodeURIComponent('type=master&ver=1.0'),
    encodeURIComponent(`type=master&ver=1.0&sig=${MICROSOFTS.replace('+', ' ')}`),
    encodeURIComponent(`type=master&ver=1.0&sig=${MICROSOFTS}${MICROSOFTS}`),
    encodeURIComponent(`type=master&ver=1.0&sig=${MICROSOFTS.slice(4)}`),
    encodeURIComponent(encodeURIComponent(whole)),
  ])('%j is refused', (header) => {
    const read = () => readSignature(header);
    expect(read).toThrow();
    try {
      read();
    } catch (error) {
      expect(codeOf(error)).toBe('unauthenticated');
    }
  });
});
