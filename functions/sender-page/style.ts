/** All of the page's looks. No font, picture or style comes from elsewhere. */
export const style = `
:root{color-scheme:light dark;--bg:#fbfbfa;--card:#fff;--ink:#1c1d1f;--soft:#5d6168;--line:#e3e4e6;--field:#f4f4f3;--accent:#2457c5;--ok:#1a7f46;--warn:#92600a;--bad:#b3261e;--bar:#7aa2ee;--barbad:#d0554c}
@media(prefers-color-scheme:dark){:root{--bg:#141517;--card:#1b1d20;--ink:#e8e9eb;--soft:#a0a5ad;--line:#303338;--field:#232529;--accent:#8ab0ff;--ok:#5ccb8a;--warn:#e3b04b;--bad:#ff8a80;--bar:#4a76c9;--barbad:#c75d55}}
*{box-sizing:border-box}
html{-webkit-text-size-adjust:100%;scrollbar-gutter:stable}
body{margin:0;background:var(--bg);color:var(--ink);font:16px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,"Helvetica Neue",Arial,sans-serif}
header,main,footer{max-width:60rem;margin:0 auto;padding:0 1.25rem}
header{padding-top:2rem}
h1{font-size:1.6rem;line-height:1.25;margin:0;overflow-wrap:anywhere}
h2{font-size:1.05rem;margin:0 0 .75rem}
h3{font-size:.95rem;margin:0 0 .25rem}
p{margin:0 0 .5rem}
a{color:var(--accent)}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:4px}
.skip{position:absolute;left:-99rem}
.skip:focus{position:static}
.soft{color:var(--soft)}
.small{font-size:.875rem}
section>:last-child,details>:last-child{margin-bottom:0}
.env{display:inline-block;border:1px solid var(--line);border-radius:99px;padding:0 .6rem;font-size:.8125rem;color:var(--soft);vertical-align:.25em;margin-left:.5rem}
section{position:relative;background:var(--card);border:1px solid var(--line);border-radius:10px;padding:1.1rem 1.25rem;margin:1rem 0;overflow-wrap:anywhere}
.state{display:flex;gap:.75rem;align-items:baseline;min-height:3.2rem}
.state p{margin:0}
.dot{flex:none;width:.7rem;height:.7rem;border-radius:50%;background:var(--soft)}
.ok .dot{background:var(--ok)}.warn .dot{background:var(--warn)}.bad .dot{background:var(--bad)}
.lead{font-size:1.15rem;font-weight:600}
.counts{display:grid;grid-template-columns:repeat(auto-fit,minmax(6rem,1fr));gap:.75rem .5rem;margin:0 0 1rem}
.counts div{min-width:0}
dt{font-size:.8125rem;color:var(--soft)}
dd{margin:0;font-size:1.3rem;font-variant-numeric:tabular-nums}
figure{margin:0}
svg{display:block;width:100%;height:7rem}
.bar{fill:var(--bar)}.bar.bad{fill:var(--barbad)}.axis{stroke:var(--line);stroke-width:1;vector-effect:non-scaling-stroke}
figcaption{display:flex;justify-content:space-between;font-size:.8125rem;color:var(--soft);margin-top:.25rem}
table{width:100%;border-collapse:collapse;font-size:.9375rem}
caption{text-align:left}
th{text-align:left;font-weight:500;font-size:.8125rem;color:var(--soft);padding:.25rem .75rem .25rem 0;border-bottom:1px solid var(--line)}
td{padding:.5rem .75rem .5rem 0;border-bottom:1px solid var(--line);vertical-align:top}
tr:last-child td{border-bottom:0}
.when{white-space:nowrap;color:var(--soft);font-variant-numeric:tabular-nums;width:7rem}
.mark{white-space:nowrap;font-weight:600}
.mark.ok{color:var(--ok)}.mark.warn{color:var(--warn)}.mark.bad{color:var(--bad)}.mark.calm{color:var(--soft)}
code,pre,textarea,.mono{font-family:ui-monospace,SFMono-Regular,Menlo,Consolas,"Liberation Mono",monospace;font-size:.875em}
code{background:var(--field);border-radius:4px;padding:.1em .3em}
pre{background:var(--field);border-radius:8px;padding:.75rem;margin:.5rem 0;overflow:auto;max-height:26rem;white-space:pre-wrap;overflow-wrap:anywhere;line-height:1.45}
ol{margin:.5rem 0;padding-left:1.5rem}
li{margin:.35rem 0}
ul.plain{list-style:none;margin:0;padding:0}
ul.plain>li{padding:.6rem 0;border-bottom:1px solid var(--line);margin:0}
ul.plain>li:last-child{border:0;padding-bottom:0}
details>summary{cursor:pointer;font-weight:600}
details[open]>summary{margin-bottom:.5rem}
label{display:block;font-weight:600;margin-bottom:.35rem}
textarea{width:100%;min-height:9rem;resize:vertical;background:var(--field);color:var(--ink);border:1px solid var(--line);border-radius:8px;padding:.75rem;line-height:1.45}
button{font:inherit;font-weight:600;min-height:2.6rem;padding:.35rem 1rem;border-radius:8px;border:1px solid var(--accent);background:transparent;color:var(--accent);cursor:pointer}
button:hover{background:var(--field)}
button:disabled{opacity:.6;cursor:default}
form{margin:.5rem 0 0}
.fresh{min-height:1.5rem}
.fresh.bad{color:var(--bad)}
[hidden]{display:none}
.hidden{position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)}
.open{text-align:right;padding-right:0;white-space:nowrap;width:1%}
.tried{border:1px solid var(--line);border-radius:8px;padding:.75rem 1rem;margin:.75rem 0 0}
.tried p,.tried ul{margin:.25rem 0 0}
.facts{display:flex;flex-wrap:wrap;gap:.1rem 1.25rem}
.why{margin:1.25rem 0 0}
footer{padding-bottom:3rem}
@media(min-width:40.01rem){#events td:nth-child(3){white-space:nowrap}}
@media(max-width:40rem){
header,main,footer{padding-left:.9rem;padding-right:.9rem}
section{padding:1rem}
.counts{grid-template-columns:repeat(4,1fr)}
dd{font-size:1.15rem}
table,tbody,tr,td{display:block}
thead{position:absolute;left:-99rem}
tr{padding:.6rem 0;border-bottom:1px solid var(--line)}
tr:last-child{border:0;padding-bottom:0}
td{border:0;padding:.1rem 0;width:auto}
.when{width:auto;font-size:.875rem}
#events tr,#types tr{display:grid;grid-template-columns:minmax(0,1fr) fit-content(62%);gap:0 .75rem}
#events td:nth-child(2){grid-area:1/1/2/3;padding-right:3.5rem}
#events td:nth-child(3){grid-area:2/2;text-align:right}
#events .when{grid-area:2/1}
#events .open{grid-area:1/2;justify-self:end;width:auto}
#types .when{grid-column:1/-1}
}
@media(prefers-reduced-motion:no-preference){.dot{transition:background .3s}}
`;
