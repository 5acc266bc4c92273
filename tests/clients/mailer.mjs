// A script that mails by nodemailer, with and without a file, over one connection.
//
// mailer.mjs LIBRARIES PORT FROM TO LINE...   prints what each mail was answered, as JSON; every second one has a file.
import { createRequire } from 'node:module';

const [libraries, port, from, to, ...lines] = process.argv.slice(2);
const nodemailer = createRequire(`${libraries}/`)('nodemailer');
const transport = nodemailer.createTransport({ host: '127.0.0.1', port: Number(port), ignoreTLS: true, pool: true, maxConnections: 1 });
const heard = [];
for (const [n, line] of lines.entries()) {
  const attachments = n % 2 ? [{ filename: 'phiếu số 1.txt', content: line }] : [];
  try {
    const said = await transport.sendMail({ from, to, subject: 'Trao đổi nghiệp vụ', text: n % 2 ? 'Gửi kèm.' : line, html: `<p>${n % 2 ? 'Gửi kèm.' : line}</p>`, attachments });
    heard.push([Number(said.response.slice(0, 3)), said.accepted]);
  } catch (refused) {
    heard.push([refused.responseCode ?? 0, refused.response ?? String(refused)]);
  }
}
transport.close();
process.stdout.write(JSON.stringify(heard));
