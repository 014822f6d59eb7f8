/**
 * What the page adds where scripts run: it looks again every five seconds, and answers forms without
 * loading anew. All that is shown is made by the function and parsed as a document of its own, in
 * which no script runs. Without scripts the same forms and links work.
 *
 * A part is left as it is while a person reads in it: text is selected, or the focus is inside.
 */
export const script = `(()=>{
'use strict';
const $=(id,of=document)=>of.getElementById(id);
const fresh=$('fresh');
let touched=Date.now(),timer,busy=false;
const ask=(method,url,body)=>new Promise((done,fail)=>{
  const request=new XMLHttpRequest();
  request.open(method,url);
  request.responseType='document';
  request.timeout=15000;
  request.onload=()=>request.responseXML?done(request):fail();
  request.onerror=request.ontimeout=fail;
  if(body)request.setRequestHeader('content-type','application/x-www-form-urlencoded');
  request.send(body);
});
const isRead=(part)=>{
  const range=getSelection();
  return part.contains(document.activeElement)||(!range.isCollapsed&&range.anchorNode&&part.contains(range.anchorNode));
};
const take=(from,id,always)=>{
  const mine=$(id),next=$(id,from);
  if(!mine||!next||mine.isEqualNode(next))return false;
  if(!always&&isRead(mine))return true;
  const node=document.importNode(next,true);
  for(const one of node.querySelectorAll('[data-script]'))one.hidden=false;
  mine.replaceWith(node);
  return false;
};
const say=(text,isBad)=>{fresh.textContent=text;fresh.className='fresh small '+(isBad?'bad':'soft')};
const clock=()=>new Date().toISOString().slice(11,19)+' UTC';
const look=async()=>{
  if(busy||document.hidden)return;
  busy=true;
  try{
    const {status,responseXML}=await ask('GET',location.pathname);
    if(status===200){
      const waits=[...document.querySelectorAll('[data-live]')].filter((part)=>take(responseXML,part.id)).length>0;
      say('Up to date at '+clock()+(waits?', but for the part that you read in: it waits until you leave it.':'. It updates itself.'));
    }
    else if(status===404){take(responseXML,'page',true);say('');clearInterval(timer);timer=-1}
    else say('Not updated since '+last+': the page is asked for too often, or is away for a moment. It tries again.',true);
    if(status===200)last=clock();
  }catch{say('Not updated since '+last+': no answer. It tries again.',true)}
  busy=false;
};
let last=clock(),seen=Date.now();
const tick=()=>{
  const quiet=Date.now()-touched>600000;
  if(Date.now()-seen<(quiet?29500:4500))return;
  seen=Date.now();
  look();
};
timer=setInterval(tick,1000);
addEventListener('visibilitychange',()=>{if(timer!==-1)look()});
for(const kind of ['pointerdown','keydown','scroll'])addEventListener(kind,()=>{touched=Date.now()},{passive:true});
document.addEventListener('submit',async(event)=>{
  const form=event.target,into=form.dataset.into;
  if(!into)return;
  event.preventDefault();
  const button=form.querySelector('button'),words=button.textContent;
  const body=new URLSearchParams(new FormData(form)).toString();
  button.disabled=true;
  button.textContent='One moment…';
  try{
    const {status,responseXML}=await ask('POST',location.pathname,body);
    if(status===200||status===404)take(responseXML,status===404?'page':into,true);
    else say('No answer. Try again in a moment.',true);
  }catch{say('No answer. Try again in a moment.',true)}
  button.disabled=false;
  button.textContent=words;
  const result=$(into);
  if(result){result.tabIndex=-1;result.focus()}
});
document.addEventListener('click',async(event)=>{
  const copy=event.target.closest('button[data-copy]');
  if(copy){
    await navigator.clipboard.writeText($(copy.dataset.copy).textContent);
    copy.textContent='Copied';
    return;
  }
  const link=event.target.closest('a[data-event]');
  if(!link||event.metaKey||event.ctrlKey)return;
  event.preventDefault();
  try{
    const {status,responseXML}=await ask('GET',link.href.split('#')[0]);
    if(status!==200)return say('No answer. Try again in a moment.',true);
    take(responseXML,'event',true);
    const shown=$('event');
    shown.tabIndex=-1;
    shown.focus();
  }catch{say('No answer. Try again in a moment.',true)}
});
for(const one of document.querySelectorAll('[data-script]'))one.hidden=false;
for(const one of document.querySelectorAll('[data-plain]'))one.hidden=true;
say('Up to date at '+clock()+'. It updates itself.');
})();`;
