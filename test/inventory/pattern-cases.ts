// The only place for the patterns that are held against `ansible --list-hosts`, and the inventories they choose from.

/** An inventory in INI form, and patterns of it; behind a blank-padded ` -l ` stands a limit. */
export type PatternCase = { readonly what: string; readonly ini: string; readonly patterns: readonly string[] };

const apart = (...lines: readonly string[]): readonly string[] => lines.flatMap(line => line.split(' ; '));

export const patternCases: readonly PatternCase[] = [
  {
    what: 'groups in groups',
    ini: 'lone\ntop\n[zeta]\nz1\n[web:children]\nedge\n[web]\nweb01\nweb02\nweb03\nw2\n[edge]\ne1\nw2\n[db]\ndb1\nw2\n',
    patterns: apart(
      String.raw`all ; * ; web ; edge ; web:db ; db:web ; web,db ; web,&db ; &db ; !web ; !edge:web ; web:&db:!w2 ; all:!web:!db`,
      String.raw`db1:lone ; db1, lone ;  web01  ; web db ; ungrouped ; ungr* ; all:web ; web:!all ; &web:&db ; nosuch ; nosuch:web`,
      String.raw`web:!nosuch ; web:&nosuch ; no*:web ; !nosuch ; web01,web01 ; web:web ; *e* ; w* ; ?eb ; web0? ; web0[12]`,
      String.raw`web0[!1]* ; [wz]* ; [!w]* ; [^w]* ; web[ ; w2] ; *[0 ; db:nosuch:zeta ; all,!*1 ; &w* ; !w*,!z* ; web:`,
      String.raw`:web ; web::db`,
    ),
  },
  {
    what: 'subscripts',
    ini: '[web]\nweb[01:12]\n[db]\ndb[1:3]\nweb01\n[empty]\n[both:children]\nweb\ndb\n',
    patterns: apart(
      String.raw`web[0] ; web[-1] ; web[-12] ; web[1:3] ; web[0:0] ; web[3:] ; web[0:] ; web[2:1] ; web[5:99] ; web[20:30]`,
      String.raw`web[1-2] ; web[99] ; web[-99] ; db1:web[99] ; empty[0] ; empty[1:2] ; nosuch[0] ; web01[0] ; web01[1]`,
      String.raw`w*[0] ; w*[0:3] ; b*[11:13] ; all[0] ; all[-1] ; all[1:2],!web02 ; web[0:2]:&db ; web:!web[0] ; web:&web[2:4]`,
      String.raw`both[12:] ; web[01:03] ; web[a] ; web[0:2 ; web[0]:db[0] ; web[0],db[0:1] ; web[0][0] ; web[1:2][0] ; web[-2:-1]`,
      String.raw`web[1:-1] ; !web[0] ; &web[0]`,
    ),
  },
  {
    what: 'expressions',
    ini: '[web]\nweb1.example.com\nweb2.example.com\n[db]\ndb1.example.com\nDB2.example.org\n[web_old]\nold1\n[a.b]\nx1\n',
    patterns: apart(
      String.raw`~web ; ~web.* ; ~web\d+ ; ~^web1 ; ~.*\.com$ ; ~(web|db)1.* ; ~(?i)db ; ~w.*,!~web2 ; ~web[0] ; ~example`,
      String.raw`~.*example ; ~db[0-9]\.example\.com$ ; ~( ; ~[ ; &~web ; !~web ; ~nosuch ; web:&~.*2 ; ~web1:~db1 ; ~(?P<n>web)`,
      String.raw`a.b ; a.b[0] ; ~a.b ; *.com ; *.org ; web*.com ; web?.example.com ; WEB* ; db* ; web1.example.com ; web1.example.com,nosuch`,
      String.raw`~\Aweb\d ; ~x1\Z`,
    ),
  },
  {
    what: 'addresses and names that are also groups',
    ini: '[six]\n::1\nfe80::2\n2001:db8::[1:3]\n[four]\n10.0.0.[1:4]\n[web]\nweb\nother\n[mixed:children]\nsix\nfour\n[h]\nweb\n',
    patterns: apart(
      String.raw`::1 ; fe80::2 ; ::1,fe80::2 ; fe80::2,web ; 2001:db8::2 ; six ; six:four ; six[1] ; 2001* ; 10.0.0.* ; 10.0.0.[1:2]`,
      String.raw`10.0.0.? ; 10.0.0.1:10.0.0.2 ; 10.0.0.1,10.0.0.2 ; web ; !web ; &web ; web:other ; web[0] ; h ; h:web`,
      String.raw`six:!::1 ; six,!::1 ; web:22 ; other:22 ; [::1] ; [::1]:22 ; db::web ; six:&2001* ; localhost ; 127.0.0.1`,
    ),
  },
  {
    what: 'limits on top',
    ini: 'lone\n[web]\nweb[1:4]\n[db]\ndb[1:2]\nweb1\n',
    patterns: apart(
      String.raw`web -l web2 ; web -l !web2 ; web -l &db ; all -l db ; all -l db:lone ; web -l db ; web -l nosuch ; all -l web[0]`,
      String.raw`all -l web[9] ; db:web -l web* ; all -l ~.*1 ; web -l all ; all -l web,!web1 ; nosuch -l web ; web[0:1] -l web[1:2]`,
      String.raw`lone,db -l * ; * -l !web:!db ; all -l @LIST ; web -l @LIST ; all -l @LIST,db1 ; all -l db:@LIST ; all -l @LIST:!web2`,
      String.raw`all -l @NONE`,
    ),
  },
];
