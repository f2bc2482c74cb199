-- A journal as schema 1 wrote it: one run that has ended, one whose job is on the way.
CREATE TABLE meta (key text primary key, value text not null) strict, without rowid;
CREATE TABLE events (
    seq integer primary key, at real not null, run text, jid text, type text not null, actor text, body text not null
  ) strict;
CREATE INDEX events_run on events (run) where run is not null;
CREATE INDEX events_request on events (jid) where type = 'job.requested';
CREATE INDEX events_fleet on events (json_extract(body, '$.fleet.id')) where type = 'fleet.planned';
CREATE TABLE runs (run text primary key, number integer not null, fleet text not null, ended real) strict, without rowid;
CREATE INDEX runs_ended on runs (ended);
CREATE TABLE outstanding (jid text primary key, run text not null) strict, without rowid;
CREATE TABLE sightings (jid text primary key, at real not null, body text not null) strict, without rowid;
insert into meta (key, value) values ('created', '2026-11-24T11:39:43.757Z');
insert into meta (key, value) values ('line', '10fb8ff028168cac3a12fe876c6648ab');
insert into meta (key, value) values ('schema', '1');
insert into events (seq, at, run, jid, type, actor, body) values (1, 1, null, null, 'fleet.planned', null, '{"fleet":{"id":"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff","label":"test","source":"hosts.yml","practice":"no","hosts":[{"name":"web1","address":{"port":22},"gate":"web1","groups":["web"],"vars":{}}]}}');
insert into events (seq, at, run, jid, type, actor, body) values (2, 10, '00000000000000000000000000000001', null, 'run.queued', '{"user":"ops1","machine":"bastion1"}', '{"number":1,"fleet":"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff","plan":{"title":"run 1","plays":[{"name":"","pattern":"all","hosts":["web1"],"vars":{},"strategy":"linear","tasks":[]}]},"options":{"forks":5,"giveUp":1800,"grace":30,"cap":1000,"log":"yes","template":"yes","askedFrom":"console","argv":[],"results":"registered","extraVars":{}}}');
insert into events (seq, at, run, jid, type, actor, body) values (3, 11, '00000000000000000000000000000001', null, 'batch.opened', null, '{"play":0,"batch":1,"of":1,"hosts":["web1"],"kind":"first"}');
insert into events (seq, at, run, jid, type, actor, body) values (4, 12, '00000000000000000000000000000001', 'j0825084028620671874019322.1', 'job.requested', null, '{"host":"web1","path":"0.0","attempt":1,"command":"uptime","script":"uptime\n","limit":60,"mode":"poll"}');
insert into events (seq, at, run, jid, type, actor, body) values (5, 13, '00000000000000000000000000000001', 'j0825084028620671874019322.1', 'job.started', null, '{"on":{"pid":7,"bootId":"b","startedThere":1,"startedAt":13,"limit":60}}');
insert into events (seq, at, run, jid, type, actor, body) values (6, 20, '00000000000000000000000000000002', null, 'run.queued', '{"user":"ops1","machine":"bastion1"}', '{"number":2,"fleet":"ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff","plan":{"title":"run 2","plays":[{"name":"","pattern":"all","hosts":["web1"],"vars":{},"strategy":"linear","tasks":[]}]},"options":{"forks":5,"giveUp":1800,"grace":30,"cap":1000,"log":"yes","template":"yes","askedFrom":"console","argv":[],"results":"registered","extraVars":{}}}');
insert into events (seq, at, run, jid, type, actor, body) values (7, 21, '00000000000000000000000000000002', null, 'batch.opened', null, '{"play":0,"batch":1,"of":1,"hosts":["web1"],"kind":"first"}');
insert into events (seq, at, run, jid, type, actor, body) values (8, 22, '00000000000000000000000000000002', 'j1073809023845140211418837.1', 'job.requested', null, '{"host":"web1","path":"0.0","attempt":1,"command":"uptime","script":"uptime\n","limit":60,"mode":"poll"}');
insert into events (seq, at, run, jid, type, actor, body) values (9, 14, '00000000000000000000000000000001', 'j0825084028620671874019322.1', 'job.output', null, '{"stream":"out","from":0,"length":6,"there":6,"dropped":0,"lastLine":"hello"}');
insert into events (seq, at, run, jid, type, actor, body) values (10, 15, '00000000000000000000000000000001', 'j0825084028620671874019322.1', 'job.ended', null, '{"verdict":{"kind":"ok","rc":0,"changed":true,"elapsed":2}}');
insert into events (seq, at, run, jid, type, actor, body) values (11, 16, '00000000000000000000000000000001', null, 'task.ended', null, '{"path":"0.0","host":"web1","result":{"status":"changed"}}');
insert into runs (run, number, fleet, ended) values ('00000000000000000000000000000001', 1, 'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff', null);
insert into runs (run, number, fleet, ended) values ('00000000000000000000000000000002', 2, 'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff', null);
insert into outstanding (jid, run) values ('j1073809023845140211418837.1', '00000000000000000000000000000002');
