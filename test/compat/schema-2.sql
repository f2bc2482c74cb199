-- A journal as schema 2 wrote it: one run that has ended, one whose job is on the way.
CREATE TABLE meta (key text primary key, value text not null) strict, without rowid;
CREATE TABLE events (
    seq integer primary key, at real not null, run text, jid text, type text not null, actor text, body text not null,
    hash text
  ) strict;
CREATE INDEX events_run on events (run) where run is not null;
CREATE INDEX events_request on events (jid) where type = 'job.requested';
CREATE INDEX events_fleet on events (json_extract(body, '$.fleet.id')) where type = 'fleet.planned';
CREATE TABLE runs (run text primary key, number integer not null, fleet text not null, ended real) strict, without rowid;
CREATE INDEX runs_ended on runs (ended);
CREATE TABLE outstanding (jid text primary key, run text not null) strict, without rowid;
CREATE TABLE sightings (jid text primary key, at real not null, body text not null) strict, without rowid;
insert into meta (key, value) values ('created', '2026-11-24T14:14:16.700Z');
insert into meta (key, value) values ('line', '326ced278e9959db5ed9170347726cc1');
insert into meta (key, value) values ('schema', '2');
insert into events (seq, at, run, jid, type, actor, body, hash) values (1, 1, null, null, 'fleet.planned', null, '{"fleet":{"id":"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff","label":"test","source":"hosts.yml","practice":"no","hosts":[{"name":"web1","address":{"port":22},"gate":"web1","groups":["web"],"vars":{}}]}}', '09f70a27e16a3fb17edee6d9b886f0baab2afdaed0d8880af323c6ebdb167b0f');
insert into events (seq, at, run, jid, type, actor, body, hash) values (2, 10, '00000000000000000000000000000001', null, 'run.queued', '{"user":"ops1","machine":"bastion1"}', '{"number":1,"fleet":"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff","plan":{"title":"run 1","plays":[{"name":"","pattern":"all","hosts":["web1"],"vars":{},"strategy":"linear","tasks":[]}]},"options":{"forks":5,"giveUp":1800,"grace":30,"cap":1000,"log":"yes","template":"yes","askedFrom":"console","argv":[],"results":"registered","extraVars":{}}}', '6f49ce7c118e10cacfe4f992b0494c4196626dd628b94b965828cf8099ea2f2f');
insert into events (seq, at, run, jid, type, actor, body, hash) values (3, 11, '00000000000000000000000000000001', null, 'batch.opened', null, '{"play":0,"batch":1,"of":1,"hosts":["web1"],"kind":"first"}', 'c7170eeed6e670e80fb6647ac8ab556610b414d36d623dfb43a830732f7cd2a5');
insert into events (seq, at, run, jid, type, actor, body, hash) values (4, 12, '00000000000000000000000000000001', 'j0825084028620671874019322.1', 'job.requested', null, '{"host":"web1","path":"0.0","attempt":1,"command":"uptime","script":"uptime\n","limit":60,"mode":"poll"}', '2347b832c84c46c2c32b63a27111aa17ebaadc3d4c106357d2b03005ec765dc6');
insert into events (seq, at, run, jid, type, actor, body, hash) values (5, 13, '00000000000000000000000000000001', 'j0825084028620671874019322.1', 'job.started', null, '{"on":{"pid":7,"bootId":"b","startedThere":1,"startedAt":13,"limit":60}}', '0ae6ae95c74a19f06f33357950272d8ae426eba6597f770b275befd9dfb9fd21');
insert into events (seq, at, run, jid, type, actor, body, hash) values (6, 20, '00000000000000000000000000000002', null, 'run.queued', '{"user":"ops1","machine":"bastion1"}', '{"number":2,"fleet":"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff","plan":{"title":"run 2","plays":[{"name":"","pattern":"all","hosts":["web1"],"vars":{},"strategy":"linear","tasks":[]}]},"options":{"forks":5,"giveUp":1800,"grace":30,"cap":1000,"log":"yes","template":"yes","askedFrom":"console","argv":[],"results":"registered","extraVars":{}}}', '3e70fb713bdb77e8a891d9fb658e07710a27f3885dd5d9ea8bfb7c855241b00d');
insert into events (seq, at, run, jid, type, actor, body, hash) values (7, 21, '00000000000000000000000000000002', null, 'batch.opened', null, '{"play":0,"batch":1,"of":1,"hosts":["web1"],"kind":"first"}', 'd7ac12be5df1f623b6d1d821b6fe48c72830634d83cb6f29d0c1f1ee79385532');
insert into events (seq, at, run, jid, type, actor, body, hash) values (8, 22, '00000000000000000000000000000002', 'j1073809023845140211418837.1', 'job.requested', null, '{"host":"web1","path":"0.0","attempt":1,"command":"uptime","script":"uptime\n","limit":60,"mode":"poll"}', 'c445358175eebf683444367db3e904f3d65762439cf549c1b7cb4297ec4d98f2');
insert into events (seq, at, run, jid, type, actor, body, hash) values (9, 14, '00000000000000000000000000000001', 'j0825084028620671874019322.1', 'job.output', null, '{"stream":"out","from":0,"length":6,"there":6,"dropped":0,"lastLine":"hello"}', '235ebc6c4143432e6c4fd1523a8db24ffca63cc562a11aca8e3a3b2fd166135a');
insert into events (seq, at, run, jid, type, actor, body, hash) values (10, 15, '00000000000000000000000000000001', 'j0825084028620671874019322.1', 'job.ended', null, '{"verdict":{"kind":"ok","rc":0,"changed":true,"elapsed":2}}', 'fcd89660dcda3d5b202cf7c16a174df02bb8c682249cd276c3974e566147600f');
insert into events (seq, at, run, jid, type, actor, body, hash) values (11, 16, '00000000000000000000000000000001', null, 'task.ended', null, '{"path":"0.0","host":"web1","result":{"status":"changed"}}', '985b5f0d7a9ca7d07e4cc6375f273e15358efe90b4d301fe4466a2a321e87064');
insert into runs (run, number, fleet, ended) values ('00000000000000000000000000000001', 1, 'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff', null);
insert into runs (run, number, fleet, ended) values ('00000000000000000000000000000002', 2, 'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff', null);
insert into outstanding (jid, run) values ('j1073809023845140211418837.1', '00000000000000000000000000000002');
